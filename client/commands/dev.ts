import { join } from 'node:path';
import type { Command } from 'commander';
import type { WorkerEndpoint } from '../../worker/main.ts';
import { CliError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';
import { withInterruption } from '../interruption.ts';
import type { Output } from '../output.ts';
import { openConfig, type ConfigSession } from '../session.ts';
import { defineVerb } from '../verb.ts';
import { portNumber } from '../whole-number.ts';

/** Temporal's own defaults, so that its CLI and bookmarks find this server. */
const usualPort = 7233;
const usualUiPort = 8233;
/** The server's default of one day would forget Friday's run by Monday. */
const retentionDays = 30;

interface DevFlags {
  readonly port?: string;
  readonly uiPort?: string;
}

export const devCommand = (): Command =>
  defineVerb<DevFlags>({
    usage: 'dev',
    summary: 'run a local Temporal with its UI, and a worker',
    examples: ['sluice dev', 'sluice dev --port 7300 --ui-port 8300'],
    seeAlso: ['check', 'backfill', 'worker'],
    exits: [0, 1, 2, 5],
    flags: (command) =>
      command
        .option('--port <n>', `port of Temporal (default: ${usualPort}, or a free one where that is taken)`)
        .option('--ui-port <n>', `port of its UI (default: ${usualUiPort}, or a free one)`),
    run: async ({ options, output }) => {
      const session = await openConfig(options);
      await withInterruption((signal) => runDev(session, options, { output, signal }));
      return exitCode.done;
    },
  });

async function runDev(
  { config, taskQueue }: ConfigSession,
  flags: DevFlags,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<void> {
  const { announceDevServer, readDevServer } = await import('../dev-server.ts');
  const running = readDevServer(config.dataDir);
  if (running !== null) {
    const where = `pid ${running.pid}, Temporal at ${running.address}`;
    throw new CliError(exitCode.usage, `sluice dev already runs for this config (${where})`, {
      next: 'use that one, or end it with Ctrl-C',
    });
  }
  const server = await startServer(config.dataDir, flags, { output, signal });
  const { address, uiUrl } = server;
  const devServer = { address, uiUrl, pid: process.pid, startedAt: new Date().toISOString(), taskQueue };
  const withdraw = announceDevServer(config.dataDir, devServer);
  const announce = (endpoints: readonly WorkerEndpoint[]): void => {
    output.talk(`ready: Temporal ${address}, UI ${uiUrl}, a worker on task queue ${taskQueue}; Ctrl-C ends them`);
    for (const { name, url } of endpoints) output.talk(`${name}: ${url}`);
    output.talk('in another terminal: sluice check, sluice backfill <pipeline.stream> --wait, sluice status');
    output.document('dev', devServer);
  };
  try {
    const { runWorker } = await import('../../worker/main.ts');
    // At `info` the worker's log lines would drown the ones a person has to read here.
    process.env['SLUICE_LOG_LEVEL'] ??= 'warn';
    await runWorker({ config, connection: { address }, namespace: 'default', signal, onReady: announce });
  } finally {
    withdraw();
    await server.stop();
  }
}

async function startServer(
  dataDir: string,
  flags: DevFlags,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
) {
  const [{ findTemporalBinary }, { findFreePort }, { startTemporalServer }, { searchAttributeNames }] =
    await Promise.all([
      import('../../worker/local-temporal/find-server.ts'),
      import('../../worker/local-temporal/free-port.ts'),
      import('../../worker/local-temporal/start-server.ts'),
      import('../../workflows/messages.ts'),
    ]);
  const log = (line: string): void => output.talk(line);
  const binary = await findTemporalBinary({ log, signal });
  return startTemporalServer({
    binary: binary.path,
    databaseFile: join(dataDir, 'temporal.db'),
    port: flags.port === undefined ? ((await findFreePort(usualPort)) ?? 0) : portNumber(flags.port, '--port'),
    uiPort:
      flags.uiPort === undefined ? ((await findFreePort(usualUiPort)) ?? 0) : portNumber(flags.uiPort, '--ui-port'),
    retentionDays,
    searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, 'Keyword' as const])),
    log,
  });
}
