import type { Command } from 'commander';
import type { Finding } from '../../model/finding.ts';
import { reportError } from '../cli-error.ts';
import { exitCode, gravestExitCode } from '../exit-code.ts';
import { exitCodeOfFinding, findingText } from '../finding-text.ts';
import { openConfig, type ConfigSession } from '../session.ts';
import { defineVerb } from '../verb.ts';

export const checkCommand = (): Command =>
  defineVerb({
    usage: 'check [pipelines...]',
    summary: 'look at everything a run needs, and say what is wrong',
    examples: ['sluice check', 'sluice check crm', 'sluice check --json'],
    seeAlso: ['discover', 'dev'],
    exits: [0, 1, 2, 4, 5],
    run: async ({ words, options, output }) => {
      const config = await openConfig(options);
      const pipelines = words.length > 0 ? config.resolvePipelines(words) : [];
      const findings: Finding[] = [];
      for await (const finding of lookAround(config, pipelines)) {
        findings.push(finding);
        output.text(findingText(finding));
      }
      const code = gravestExitCode(findings.map(exitCodeOfFinding));
      output.document('check', { exitCode: code, findings });
      return code;
    },
  });

/** From the nearest to the farthest; where one step fails, those behind it are named as not looked at. */
async function* lookAround(config: ConfigSession, pipelines: readonly string[]): AsyncGenerator<Finding> {
  yield ok('config', `${config.config.path}: ${config.streams.length} streams`);
  const { connectTemporal } = await import('../temporal-connection.ts');
  const connected = await attempt(() => connectTemporal(config.config, config.environment));
  if ('failed' in connected) {
    yield { ...connected.failed, subject: 'Temporal' };
    yield* optionsOfConnectors(config, pipelines);
    yield notLookedAt('worker, connections to sources and destinations', 'Temporal is out of reach');
    return;
  }
  const temporal = connected.value;
  try {
    yield ok('Temporal', `${temporal.found.address}, namespace ${temporal.namespace} (${temporal.found.origin})`);
    const { inspect } = await import('../inspection.ts');
    const looked = await attempt(() =>
      inspect(temporal, config.taskQueue, { verb: 'check', ...(pipelines.length > 0 ? { pipelines } : {}) }),
    );
    if ('failed' in looked) {
      yield { ...looked.failed, subject: 'worker' };
      yield* optionsOfConnectors(config, pipelines);
      yield notLookedAt('connections to sources and destinations', 'only a worker opens them');
      return;
    }
    yield ok('worker', `one polls task queue ${config.taskQueue}`);
    yield* looked.value.findings;
  } finally {
    await temporal.close();
  }
}

/** Without a worker's word: whether options and variables are all there for a worker started from this shell. */
function* optionsOfConnectors({ config, streams }: ConfigSession, pipelines: readonly string[]): Generator<Finding> {
  const used = streams
    .filter((stream) => pipelines.length === 0 || pipelines.includes(stream.split('.')[0]!))
    .map((stream) => config.stream(stream));
  for (const name of new Set(used.map(({ source }) => source))) {
    yield optionsFinding(`source ${name}`, () => config.source(name));
  }
  for (const name of new Set(used.map(({ destination }) => destination))) {
    yield optionsFinding(`destination ${name}`, () => config.destination(name));
  }
}

function optionsFinding(subject: string, read: () => unknown): Finding {
  try {
    read();
    return ok(subject, 'its options are complete');
  } catch (error) {
    return { ...failedFinding(error), subject, status: 'warning' };
  }
}

async function attempt<Value>(
  look: () => Promise<Value>,
): Promise<{ value: Value } | { failed: Omit<Finding, 'subject'> }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { failed: failedFinding(error) };
  }
}

function failedFinding(error: unknown): Omit<Finding, 'subject'> {
  const { message, next, exitCode: code } = reportError(error);
  const kind = code === exitCode.auth ? 'auth' : code === exitCode.usage ? 'config' : 'unreachable';
  return { status: 'failed', text: message, next, kind };
}

function ok(subject: string, text: string): Finding {
  return { subject, status: 'ok', text, next: null, kind: null };
}

function notLookedAt(subject: string, reason: string): Finding {
  return { subject, status: 'warning', text: `not looked at: ${reason}`, next: null, kind: null };
}
