import type { Command } from 'commander';
import type { StreamName } from '../model/stream-name.ts';
import type { BeginOptions, BegunRun } from './begin-run.ts';
import { CliError, reportError } from './cli-error.ts';
import { parseDurationMs } from './duration.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { runNoun } from './mode-words.ts';
import { writeError, type Output } from './output.ts';
import { openConfig, withTemporal, type ConfigSession } from './session.ts';
import type { RunOrder } from './sync-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { VerbCall } from './verb.ts';

export interface WaitFlags {
  readonly wait?: true;
  readonly timeout?: string;
}

export function waitFlags(command: Command): Command {
  return command
    .option('--wait', 'show progress and stay until the run ends')
    .option('--timeout <duration>', 'with --wait: give up waiting after 90s, 10m or 2h; the run goes on');
}

/** A run under way that takes longer is worth no wait where nobody waits for its end: the one behind it starts by itself. */
const usualQueueMs = 60_000;

/** Begins a run of each stream as `runEach` does. */
export function runStreams(
  call: VerbCall<WaitFlags>,
  verb: string,
  ordersFor: (streams: readonly string[]) => readonly RunOrder[],
): Promise<ExitCode> {
  return runEach<RunOrder>(call, verb, {
    ordersFor,
    begin: async (temporal, order, options, session) => {
      if (order.mode === 'incremental' && mayHold(session, order.input.stream)) {
        const { beginApplying } = await import('./begin-applying.ts');
        const { options: flags } = call;
        const queuedWithinMs = flags.wait ? parseTimeout(flags, verb) : usualQueueMs;
        return beginApplying(temporal, order, { ...options, queuedWithinMs });
      }
      const { beginRun } = await import('./begin-run.ts');
      return beginRun(temporal, order, options);
    },
  });
}

/** Whether changes that its runs find may wait before they are merged. */
function mayHold({ config, streams }: ConfigSession, stream: string): boolean {
  return streams.some((name) => name === stream && config.stream(name).hold !== null);
}

/** What is to begin, and how one of it does. */
interface Beginning<Order> {
  readonly ordersFor: (streams: readonly StreamName[], session: ConfigSession) => readonly Order[];
  readonly begin: (
    temporal: TemporalConnection,
    order: Order,
    options: BeginOptions,
    session: ConfigSession,
  ) => Promise<BegunRun>;
}

/**
 * Begins each run on its own: one that cannot begin keeps none of the others from running. With `--wait` it stays until they
 * have ended. Without words, every stream of the config.
 */
export async function runEach<Order>(
  call: VerbCall<WaitFlags>,
  verb: string,
  { ordersFor, begin }: Beginning<Order>,
): Promise<ExitCode> {
  const { words, options, output } = call;
  const timeoutMs = parseTimeout(options, verb);
  const session = await openConfig(options);
  const orders = ordersFor(words.length > 0 ? session.resolveStreams(words) : session.streams, session);
  const { taskQueue } = session;
  return withTemporal(session, async (temporal) => {
    const { hasWorkerPolling } = await import('./worker-pollers.ts');
    if (!(await hasWorkerPolling(temporal, taskQueue))) {
      output.warn(`no worker polls task queue ${taskQueue}; the run starts when one does; next: sluice dev`);
    }
    const beginOptions: BeginOptions = { taskQueue, warn: (line) => output.warn(line) };
    const { runs, codes } = await beginAll(orders, (order) => begin(temporal, order, beginOptions, session), output);
    if (options.wait && runs.length > 0) {
      const { waitForRuns } = await import('./wait-for-runs.ts');
      codes.push(await waitForRuns(temporal, runs, { verb, timeoutMs, output }));
    } else if (runs.length > 0) {
      output.document(verb, { runs: runs.map(({ mode, stream, run }) => ({ mode, stream, run })) });
      for (const begun of runs) {
        output.text(`${begunText(begun)}\n`);
        output.talk(`watch it: sluice status ${begun.stream} --watch`);
      }
    }
    return gravestExitCode(codes);
  });
}

async function beginAll<Order>(
  orders: readonly Order[],
  begin: (order: Order) => Promise<BegunRun>,
  output: Output,
): Promise<{ runs: BegunRun[]; codes: ExitCode[] }> {
  const runs: BegunRun[] = [];
  const codes: ExitCode[] = [exitCode.done];
  for (const order of orders) {
    try {
      runs.push(await begin(order));
    } catch (error) {
      const report = reportError(error);
      writeError(report, output);
      codes.push(report.exitCode);
    }
  }
  return { runs, codes };
}

function begunText({ mode, stream, run }: BegunRun): string {
  const what = `${runNoun[mode]} of ${stream}`;
  return run === null ? `queued ${what} behind the one under way` : `started ${what}`;
}

function parseTimeout({ wait, timeout }: WaitFlags, verb: string): number | null {
  if (timeout === undefined) return null;
  if (!wait) throw new CliError(exitCode.usage, '--timeout needs --wait', { next: `sluice ${verb} --help` });
  return parseDurationMs(timeout, '--timeout');
}
