import type { StageLeftover } from '../../model/mending.ts';
import type { SyncMode } from '../../model/plan.ts';

/** What `--fix` may do: only what repeats safely, loses nothing, and Sluice would do by itself sooner or later. */
export type Repair =
  /** Takes the rights of others from a folder of this user's. */
  | { readonly kind: 'restrictFolder'; readonly path: string }
  | { readonly kind: 'createSearchAttributes'; readonly names: readonly string[] }
  /** As `sluice schedules apply` would. */
  | { readonly kind: 'applySchedule'; readonly scheduleId: string }
  | { readonly kind: 'closeRun'; readonly stream: string; readonly mode: SyncMode; readonly run: string }
  | ({ readonly kind: 'sweepStage' } & StageLeftover);
