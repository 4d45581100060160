import type { WaitReason } from './errors.ts';

/** Details of an extract's heartbeat: the live part of progress, read from the run's description. A hint, no checkpoint. */
export interface ExtractHeartbeat {
  readonly sequence: number;
  readonly records: number;
  readonly waiting: WaitReason | null;
  /** Share of the account's request limit in use, 0 to 1; null while the limit is unknown. */
  readonly limitShare: number | null;
}

/** Details of a merge's heartbeat: what the next attempt finds of one that died. */
export interface MergeHeartbeat {
  /** Id of the transaction that the attempt began last, or an attempt before it. */
  readonly transaction: string | null;
}
