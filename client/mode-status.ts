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
  return runs.toSorted((a, b) => rank(a) - rank(b) || startedMs(b) - startedMs(a))[0] ?? null;
}

function rank({ state, end }: ModeStatus): number {
  const grave = gravest.indexOf(state);
  if (grave !== -1) return grave;
  return end === null ? gravest.length : gravest.length + 1;
}

function startedMs({ startedAt }: ModeStatus): number {
  return startedAt === null ? 0 : Date.parse(startedAt);
}
