import { type LedgerHead, zeroRequests } from './batch.ts';
import type { WorkTask } from './frontier.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { SyncMode } from './plan.ts';
import type { RunRecord } from './run.ts';
import type { StreamTable } from './stream-table.ts';

/** A step of a run that brings no records, and writes a ledger row of its own. */
export interface ChainStep extends StreamTable {
  readonly run: string;
  readonly mode: SyncMode;
  readonly generation: number;
  readonly sequence: number;
  readonly predecessor: string | null;
}

/** Where it stands in the ledger. */
export interface ChainPlace {
  readonly record: RunRecord;
  readonly head: LedgerHead;
  /** An earlier attempt has written the step's row. */
  readonly isRepeat: boolean;
}

/** The ledger row of a step that opens work from its beginning; `isDone` where nothing of it is to be done. */
export function workBatch(
  batchId: string,
  { sequence, predecessor }: Pick<ChainStep, 'sequence' | 'predecessor'>,
  { task, isDone }: { readonly task: WorkTask; readonly isDone: boolean },
): LedgerEntry['batch'] {
  return {
    batchId,
    sequence,
    predecessor,
    stage: { associations: [] },
    frontierAfter: { kind: 'work', task, after: null, done: isDone },
    requests: zeroRequests,
  };
}
