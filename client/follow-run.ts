import { setTimeout as sleep } from 'node:timers/promises';
import { observeRun } from './observe-run.ts';
import { reportError } from './cli-error.ts';
import type { RunTarget } from './describe-run.ts';
import { exitCode } from './exit-code.ts';
import type { ProgressFigures } from './progress-line.ts';
import { RateMeter, remainingMs } from './rate-meter.ts';
import type { RunFacts } from './run-facts.ts';
import { neverRunView, viewRun, type RunView } from './run-view.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** A worker's heartbeats arrive once a second; asking more often shows nothing new. */
const pollMs = 1_000;
const answerWithinMs = 5_000;

/**
 * Watches one run until it ends, or until only a person's approval can let it go on. A Temporal server that goes away meanwhile is waited for: the run itself goes on with
 * it. Rejects with the signal's reason when that is aborted.
 */
export async function followRun(
  temporal: TemporalConnection,
  target: RunTarget,
  options: { readonly signal: AbortSignal; readonly onFigures: (figures: ProgressFigures) => void },
): Promise<RunFacts> {
  const meter = new RateMeter();
  let view: RunView = { ...neverRunView(target.stream), mode: target.mode };
  for (;;) {
    options.signal.throwIfAborted();
    try {
      const facts = await temporal.client.withDeadline(Date.now() + answerWithinMs, () => observeRun(temporal, target));
      view = viewRun(facts, new Date());
      options.onFigures(figuresOf(view, meter));
      if (facts.end !== null || view.state === 'needsApproval') return facts;
    } catch (error) {
      if (reportError(error).exitCode !== exitCode.unreachable) throw error;
      const why = `Temporal at ${temporal.found.address} does not answer`;
      options.onFigures({ view: { ...view, state: 'unreachable', why }, perSecond: null, remainingMs: null });
    }
    await sleep(pollMs, undefined, { signal: options.signal });
  }
}

function figuresOf(view: RunView, meter: RateMeter): ProgressFigures {
  const nowMs = Date.now();
  meter.add(nowMs, view.records);
  const { perSecond } = meter;
  const elapsedMs = view.startedAt === null ? 0 : nowMs - Date.parse(view.startedAt);
  const chunks = (view.chunk?.current ?? 1) - 1;
  return {
    view,
    perSecond,
    remainingMs: view.state === 'running' ? remainingMs({ ...view, perSecond, elapsedMs, chunks }) : null,
  };
}
