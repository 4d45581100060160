import type { SyncMode } from '../model/plan.ts';
import type { RunEnd } from './run-facts.ts';
import type { RunState, RunView } from './run-view.ts';

/** A stream's latest run of one mode. */
export interface ModeStatus extends RunView {
  readonly mode: SyncMode;
  readonly percent: number | null;
  /** Names the run. */
  readonly run: string;
  readonly end: RunEnd | null;
  /** Its page in the Temporal UI, where that is known. */
  readonly url: string | null;
}

/** States of which somebody should hear first, gravest first; all others are as good as each other. */
const gravest: readonly RunState[] = [
  'needsApproval',
  'stuck',
  'failed',
  'noWorker',
  'noOwner',
  'needsBackfill',
  'paused',
  'pausing',
  'waiting',
  'retrying',
];

/** The one that stands for the stream: the gravest, then one that is under way, then the newest. Null without any. */
export function headlineOf(runs: readonly ModeStatus[]): ModeStatus | null {
  const rank = (run: ModeStatus): number => {
    const grave = gravest.indexOf(run.state);
    if (grave !== -1 && !hasItsBackfill(run, runs)) return grave;
    return run.end === null ? gravest.length : gravest.length + 1;
  };
  return runs.toSorted((a, b) => rank(a) - rank(b) || startedMs(b) - startedMs(a))[0] ?? null;
}

/** What a run missed when it last ran, a backfill of the whole stream has brought since. */
function hasItsBackfill({ state, endedAt }: ModeStatus, runs: readonly ModeStatus[]): boolean {
  if (state !== 'needsBackfill' || endedAt === null) return false;
  return runs.some(
    (run) =>
      run.end?.kind === 'done' &&
      run.end.result.mode === 'backfill' &&
      run.end.result.scope === 'whole' &&
      run.endedAt !== null &&
      Date.parse(run.endedAt) > Date.parse(endedAt),
  );
}

function startedMs({ startedAt }: ModeStatus): number {
  return startedAt === null ? 0 : Date.parse(startedAt);
}
