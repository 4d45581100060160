import { SyncError } from './errors.ts';
import type { StreamTable } from './stream-table.ts';

/** What every destination answers where a stream has not what is asked for. */

export function nothingToReset(stream: string): SyncError {
  return new SyncError('ConfigInvalid', `${stream} has never run: there is nothing to reset`, {
    next: 'check the name of the stream, and the destination in the config',
  });
}

export function nothingToCompare(stream: string): SyncError {
  return new SyncError('ConfigInvalid', `${stream} has no table yet: there is nothing to compare`, {
    next: 'run a backfill first',
  });
}

export function listingLost(stream: string): SyncError {
  return new SyncError('Unavailable', `what was staged of ${stream} to be compared is gone or incomplete`, {
    next: 'compare again',
  });
}

/** Everything that writes comes after the run was opened. */
export function unknownRun({ stream, table, run }: StreamTable & { readonly run: string }): SyncError {
  return new SyncError('StateCorrupt', `run ${run} of ${stream} is not in ${table.schema}.sync_runs`, {
    next: 'start a new run',
  });
}

export function brokenLedger({ stream, table, run }: StreamTable & { readonly run: string }): SyncError {
  return new SyncError(
    'StateCorrupt',
    `the ledger of ${stream} contradicts itself: the batches of run ${run} are no unbroken chain`,
    {
      next: `look at ${table.schema}.sync_batches; then start a fresh backfill of ${stream}, which merges over what is there`,
    },
  );
}

export function noFence({ stream, table }: StreamTable): SyncError {
  return new SyncError('StateCorrupt', `${stream} has no fence in ${table.schema}`, {
    next: 'start the run again, so that it claims the stream',
  });
}
