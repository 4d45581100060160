import { expect, it } from 'vitest';
import { nodeProblem, oldestNode } from '../../client/node-version.ts';
import manifest from '../../package.json' with { type: 'json' };

it.each(['24.0.0', '24.21.0', '26.1.0', '100.0.0-nightly'])('Node %s runs Sluice', (version) => {
  expect(nodeProblem(version)).toBeNull();
});

it.each(['9.1.0', '20.20.2', '23.11.1'])('Node %s is told to be too old, in one line', (version) => {
  expect(nodeProblem(version)).toBe(
    `sluice: Node ${version} is too old; next: run it with Node 24 or newer (node --version tells)`,
  );
});

it('the package asks for the same', () => {
  expect(manifest.engines.node).toBe(`>=${oldestNode}`);
});
