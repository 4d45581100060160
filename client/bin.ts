#!/usr/bin/env node
/**
 * Program: what an installed package runs. It imports nothing that an older Node cannot read, so that such a Node gets an
 * answer instead of a syntax error.
 */
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  await import('./main.ts');
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}
