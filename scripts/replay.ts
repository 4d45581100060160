/**
 * Program: `npm run replay` replays the committed histories with today's workflows; `npm run replay -- --live` those of the runs
 * that are open on a Temporal server, before a deploy meets them. Exit code 1 where one does not replay, 2 for a wrong flag, 5
 * where the server does not answer.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, Runtime, type ReplayWorkerOptions } from '@temporalio/worker';
import { dataConverterOf, encodesFailures } from '../codec/data-converter.ts';
import { loadConfig } from '../config/load-config.ts';
import type { KeyRing } from '../model/key-ring.ts';
import { defaultTaskQueue } from '../model/workflow-id.ts';
import { replayOpenRuns } from '../worker/replay-open-runs.ts';
import { workflowBundle } from '../worker/workflow-bundle.ts';

const usage = `npm run replay                   replays the histories in test/replay
npm run replay -- --live         replays the histories of open runs; the server is that of the Temporal profile
  --address <host:port>          (TEMPORAL_ADDRESS, TEMPORAL_PROFILE), or this one
  --namespace <name>
  --task-queue <name>            default: ${defaultTaskQueue}
  --limit <n>                    at most so many runs, the latest first; default: 1000
  --config <file>                whose encryption keys read the histories
`;

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);

if (!words.includes('--live') && !words.includes('--help')) {
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [vitest, 'run', 'test/replay', ...words], {
    cwd: root,
    stdio: 'inherit',
  }).status!;
} else {
  process.exitCode = await replayLive();
}

interface LiveFlags {
  readonly address: string | undefined;
  readonly namespace: string | undefined;
  readonly taskQueue: string;
  readonly limit: number;
  /** What reads the histories where they are encrypted. */
  readonly keyRing: KeyRing;
}

/** Null where the usage is wrong. */
function readFlags(): LiveFlags | 'help' | null {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: words,
      options: {
        live: { type: 'boolean' },
        help: { type: 'boolean' },
        address: text,
        namespace: text,
        config: text,
        'task-queue': { ...text, default: defaultTaskQueue },
        limit: { ...text, default: '1000' },
      },
    });
    if (values.help === true) return 'help';
    if (!/^[1-9]\d{0,8}$/.test(values.limit)) throw new Error('--limit must be a whole number above 0');
    const { address, namespace } = values;
    const keyRing = keyRingOf(values.config);
    return { address, namespace, keyRing, taskQueue: values['task-queue'], limit: Number(values.limit) };
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n${usage}`);
    return null;
  }
}

function keyRingOf(config: string | undefined): KeyRing {
  return config === undefined
    ? { current: null, keys: new Map() }
    : loadConfig({ path: config, env: process.env }).keyRing();
}

async function replayLive(): Promise<number> {
  const flags = readFlags();
  if (flags === null) return 2;
  if (flags === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const profile = loadClientConnectConfig();
  const address = flags.address ?? profile.connectionOptions.address ?? '127.0.0.1:7233';
  const namespace = flags.namespace ?? profile.namespace ?? 'default';
  let connection: Connection;
  try {
    const options = { ...profile.connectionOptions, address, connectTimeout: 3_000 } as ConnectionOptions;
    connection = await Connection.connect(options);
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0];
    process.stderr.write(`error: cannot reach Temporal at ${address}: ${reason}; next: name another by --address\n`);
    return 5;
  }
  try {
    return await replayAll({ ...flags, client: new Client({ connection, namespace }), address });
  } finally {
    await connection.close();
  }
}

async function replayAll(request: LiveFlags & { client: Client; address: string }) {
  // What does not replay is told here, in a line; the SDK would tell it once more, at length.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
  });
  const { client, address, taskQueue, limit, keyRing } = request;
  const failures = encodesFailures(keyRing) ? 'encoded' : 'plain';
  const replay: ReplayWorkerOptions = {
    workflowBundle: await workflowBundle(join(root, 'node_modules/.cache/sluice'), failures),
    dataConverter: dataConverterOf(keyRing),
  };
  let replayed = 0;
  let failed = 0;
  for await (const run of replayOpenRuns({ client, taskQueue, limit, replay })) {
    const { workflowId, runId, problem } = run;
    replayed++;
    if (problem !== null) failed++;
    process.stdout.write(
      problem === null ? `✓ ${workflowId} (${runId})\n` : `✗ ${workflowId} (${runId}): ${problem}\n`,
    );
  }
  const where = `task queue ${taskQueue} of ${address}`;
  const more = replayed === limit ? `; there may be more, see --limit` : '';
  if (failed === 0) {
    process.stdout.write(`${counted(replayed)} on ${where}: all replay${more}\n`);
    return 0;
  }
  process.stderr.write(
    `error: ${failed} of ${counted(replayed)} on ${where} would be stuck after a deploy${more}; next: guard the change by patched()\n`,
  );
  return 1;
}

function counted(runs: number): string {
  return runs === 1 ? '1 open run' : `${runs} open runs`;
}
