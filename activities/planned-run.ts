import type { LedgerHead } from '../model/batch.ts';
import type { WaitReason } from '../model/errors.ts';
import type { Scope } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';

/** What planning settled for a run; small enough to be carried over continue-as-new. */
export interface PlannedRun {
  readonly kind: 'planned';
  readonly scope: Scope;
  readonly generation: number;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly resumedFrom: string | null;
  readonly startReason: string;
  readonly estimatedRecords: number | null;
  readonly chunkRecords: number;
  /** Staged chunks that one merge takes, at most; absent for one. */
  readonly batchesPerMerge?: number;
  readonly rejectLimit: number;
  /** Columns that are not called as their property, as `property → column`. */
  readonly renamedColumns: readonly string[];
  readonly addedColumns: readonly string[];
  readonly canSetSearchAttributes: boolean;
  /** What the run earns with the last batch of its frontier; null for nothing. */
  readonly positions: Positions | null;
  /** Whether ids are listed for a comparison that follows the reading, which then does not end the run. */
  readonly comparesAfter: boolean;
  /** What the source said of the credentials' access, in the last run that asked and now; null where it was not asked. */
  readonly access: { readonly before: string | null; readonly now: string | null };
  /** How long vanished rows wait for an approval, in ms. */
  readonly approvalWaitMs: number;
  readonly head: LedgerHead;
  /** Names the changes of earlier runs that it merges first: their stages go once it is done. */
  readonly heldRun?: string;
}

/** The source is not to be had for long: to be planned again then. */
export interface PlanWait {
  readonly kind: 'wait';
  readonly wait: WaitReason;
}
