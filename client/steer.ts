import { setTimeout as sleep } from 'node:timers/promises';
import type * as BackfillRuns from './backfill-runs.ts';
import { CliError, reportError } from './cli-error.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { writeError, type Output } from './output.ts';
import { plainLine } from './plain-text.ts';
import type { RunFacts } from './run-facts.ts';
import { openConfig, withTemporal } from './session.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { VerbCall } from './verb.ts';

const settleWithinMs = 10_000;
const pollMs = 250;

export interface SteerTarget {
  readonly temporal: TemporalConnection;
  readonly stream: string;
  readonly output: Output;
  readonly runs: typeof BackfillRuns;
  /** Null where the stream has never run. */
  readonly observe: () => Promise<RunFacts | null>;
}

/**
 * Steers each stream on its own; without words, every stream of the config that has a run. `act` returns what came of it,
 * or null if nothing was running, which is exit code 1 for a stream that was named.
 */
export async function steerEach(
  call: VerbCall<unknown>,
  verb: string,
  act: (target: SteerTarget) => Promise<string | null>,
): Promise<ExitCode> {
  const { words, options, output } = call;
  const session = await openConfig(options);
  const isNamed = words.length > 0;
  const streams = isNamed ? session.resolveStreams(words) : session.streams;
  return withTemporal(session, async (temporal) => {
    const [runs, { observeBackfill }] = await Promise.all([import('./backfill-runs.ts'), import('./observe-run.ts')]);
    const outcomes: { stream: string; text: string; exitCode: ExitCode }[] = [];
    for (const stream of streams) {
      try {
        const text = await act({ temporal, stream, output, runs, observe: () => observeBackfill(temporal, stream) });
        if (text === null && isNamed) throw nothingRuns(stream);
        if (text === null) continue;
        output.text(`${plainLine(text)}\n`);
        outcomes.push({ stream, text, exitCode: exitCode.done });
      } catch (error) {
        const report = reportError(error);
        writeError(report, output);
        outcomes.push({ stream, text: report.message, exitCode: report.exitCode });
      }
    }
    if (outcomes.length === 0) output.talk('nothing is running');
    output.document(verb, { streams: outcomes });
    return gravestExitCode(outcomes.map((outcome) => outcome.exitCode));
  });
}

function nothingRuns(stream: string): CliError {
  return new CliError(exitCode.runFailed, `no backfill of ${stream} is running`, { next: `sluice status ${stream}` });
}

/** Asks until there is an answer, for at most ten seconds; null if there was none by then. */
export async function until<Answer>(ask: () => Promise<Answer | null>): Promise<Answer | null> {
  const deadlineMs = Date.now() + settleWithinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null || Date.now() > deadlineMs) return answer;
    await sleep(pollMs);
  }
}
