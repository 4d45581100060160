import { parseErrorText } from '../model/errors.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { followRun } from './follow-run.ts';
import { withInterruption } from './interruption.ts';
import { writeError, type Output } from './output.ts';
import type { ProgressFigures } from './progress-line.ts';
import { openProgressBoard, type ProgressBoard } from './progress.ts';
import type { RunFacts } from './run-facts.ts';
import { doneSummary, exitCodeOfRun, rejectsText, runUrl } from './run-summary.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export interface StartedRun {
  readonly stream: string;
  readonly run: string;
}

interface Outcome extends StartedRun {
  readonly exitCode: ExitCode;
  /** Null where we stopped waiting before the run ended. */
  readonly facts: RunFacts | null;
}

/**
 * Shows progress until every run has ended, and then what became of each. Ctrl-C and the timeout end only the waiting:
 * the runs go on, and the exit code says so.
 */
export async function waitForRuns(
  temporal: TemporalConnection,
  runs: readonly StartedRun[],
  options: { readonly timeoutMs: number | null; readonly output: Output },
): Promise<ExitCode> {
  const { output, timeoutMs } = options;
  const board = output.isJson ? jsonLines(output) : openProgressBoard(runs.map(({ stream }) => stream));
  const outcomes = await withInterruption(async (interrupted) => {
    const timedOut = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
    const signal = timedOut === null ? interrupted : AbortSignal.any([interrupted, timedOut]);
    try {
      return await Promise.all(runs.map((run) => waitForRun(run, { temporal, signal, interrupted, board })));
    } finally {
      board.close();
    }
  });
  for (const outcome of outcomes) showOutcome(temporal, outcome, output);
  const code = gravestExitCode(outcomes.map((outcome) => outcome.exitCode));
  output.document('backfill', {
    type: 'result',
    exitCode: code,
    streams: outcomes.map(({ stream, run, exitCode: streamCode, facts }) => ({
      stream,
      run,
      exitCode: streamCode,
      startedAt: facts?.startedAt ?? null,
      endedAt: facts?.endedAt ?? null,
      end: facts?.end ?? null,
    })),
  });
  return code;
}

async function waitForRun(
  target: StartedRun,
  context: { temporal: TemporalConnection; signal: AbortSignal; interrupted: AbortSignal; board: ProgressBoard },
): Promise<Outcome> {
  const { temporal, signal, interrupted, board } = context;
  try {
    const facts = await followRun(temporal, target, { signal, onFigures: (figures) => board.update(figures) });
    return { ...target, exitCode: exitCodeOfRun(facts.end!), facts };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { ...target, exitCode: interrupted.aborted ? exitCode.interrupted : exitCode.stillRunning, facts: null };
  }
}

function showOutcome(temporal: TemporalConnection, outcome: Outcome, output: Output): void {
  const { stream, facts } = outcome;
  if (facts === null) {
    const why = outcome.exitCode === exitCode.interrupted ? 'stopped waiting' : 'still running at --timeout';
    output.talk(
      `${stream}: ${why}; the run goes on. Watch it: sluice status ${stream} --watch. Stop it: sluice cancel ${stream}`,
    );
    return;
  }
  const end = facts.end!;
  switch (end.kind) {
    case 'done': {
      output.text(doneSummary(facts, end.result));
      const rejected = rejectsText(end.result);
      if (rejected !== null) output.warn(rejected);
      break;
    }
    case 'failed':
      writeError({ ...failureText(stream, end.message), exitCode: outcome.exitCode }, output);
      break;
    case 'cancelled':
      writeError(
        {
          message: `backfill of ${stream} was cancelled`,
          next: `sluice backfill ${stream} --resume`,
          exitCode: outcome.exitCode,
        },
        output,
      );
      break;
    default:
      end satisfies never;
  }
  if (temporal.found.uiUrl !== null)
    output.talk(`Temporal UI: ${runUrl(temporal.found.uiUrl, temporal.namespace, facts)}`);
}

/** Steps begin their texts with the stream; it need not be said twice. */
function failureText(stream: string, text: string): { message: string; next: string | null } {
  const { message, next } = parseErrorText(text);
  const what = message.startsWith(`${stream}:`) ? 'backfill failed' : `backfill of ${stream} failed`;
  return { message: `${what}: ${message}`, next };
}

/** Progress for programs: a line per stream and second, under the same schema as the result that ends them. */
function jsonLines(output: Output): ProgressBoard {
  return {
    update: ({ view, perSecond, remainingMs }: ProgressFigures) =>
      output.document('backfill', { type: 'progress', ...view, perSecond, remainingMs }),
    close: () => {},
  };
}
