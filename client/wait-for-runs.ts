import { nextRun, type BegunRun } from './begin-run.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { followRun } from './follow-run.ts';
import { withInterruption } from './interruption.ts';
import type { Output } from './output.ts';
import type { ProgressFigures } from './progress-line.ts';
import { openProgressBoard, type ProgressBoard } from './progress.ts';
import { exitCodeOfRun } from './run-outcome.ts';
import { showRunReport, type WaitOutcome } from './run-report.ts';
import { neverRunView } from './run-view.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/**
 * Shows progress until every run has ended or needs an approval, and then what became of each. Ctrl-C and the timeout end
 * only the waiting: the runs go on, and the exit code says so.
 */
export async function waitForRuns(
  temporal: TemporalConnection,
  runs: readonly BegunRun[],
  options: { readonly verb: string; readonly timeoutMs: number | null; readonly output: Output },
): Promise<ExitCode> {
  const { verb, output, timeoutMs } = options;
  const board = output.isJson ? jsonLines(verb, output) : openProgressBoard(runs.map(({ stream }) => stream));
  const outcomes = await withInterruption(async (interrupted) => {
    const timedOut = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
    const signal = timedOut === null ? interrupted : AbortSignal.any([interrupted, timedOut]);
    try {
      return await Promise.all(runs.map((run) => waitForRun(run, { temporal, signal, interrupted, board })));
    } finally {
      board.close();
    }
  });
  for (const outcome of outcomes) showRunReport(temporal, outcome, output);
  const code = gravestExitCode(outcomes.map((outcome) => outcome.exitCode));
  output.document(verb, {
    type: 'result',
    exitCode: code,
    streams: outcomes.map(({ mode, stream, run, exitCode: streamCode, facts }) => ({
      mode,
      stream,
      run,
      exitCode: streamCode,
      startedAt: facts?.startedAt ?? null,
      endedAt: facts?.endedAt ?? null,
      end: facts?.end ?? null,
      approval: facts?.end === null ? (facts.progress?.approval ?? null) : null,
    })),
  });
  return code;
}

async function waitForRun(
  begun: BegunRun,
  context: { temporal: TemporalConnection; signal: AbortSignal; interrupted: AbortSignal; board: ProgressBoard },
): Promise<WaitOutcome> {
  const { temporal, signal, interrupted, board } = context;
  const { mode, stream } = begun;
  try {
    if (begun.run === null) board.update({ view: queuedView(begun), perSecond: null, remainingMs: null });
    const target = begun.run === null ? await nextRun(temporal, begun, signal) : begun;
    const facts = await followRun(temporal, target, { signal, onFigures: (figures) => board.update(figures) });
    const code = facts.end === null ? exitCode.needsYes : exitCodeOfRun(facts.end);
    return { mode, stream, run: facts.run, exitCode: code, facts };
  } catch (error) {
    if (!signal.aborted) throw error;
    const code = interrupted.aborted ? exitCode.interrupted : exitCode.stillRunning;
    return { mode, stream, run: begun.run, exitCode: code, facts: null };
  }
}

function queuedView({ mode, stream }: BegunRun) {
  return { ...neverRunView(stream), mode, state: 'waiting', why: 'the run under way has to end first' } as const;
}

/** Progress for programs: a line per stream and second, under the same schema as the result that ends them. */
function jsonLines(verb: string, output: Output): ProgressBoard {
  return {
    update: ({ view, perSecond, remainingMs }: ProgressFigures) =>
      output.document(verb, { type: 'progress', ...view, perSecond, remainingMs }),
    close: () => {},
  };
}
