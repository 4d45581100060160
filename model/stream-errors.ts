import { SyncError } from './errors.ts';
import type { StreamPlan, SyncMode } from './plan.ts';
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

/** A table is written by key: which of two rows of one key would be meant? */
export function keyHeldTwice({ table, key }: Pick<StreamPlan, 'table' | 'key'>): SyncError {
  return new SyncError('StateCorrupt', `${table.schema}.${table.table} holds a key more than once`, {
    next: `remove the extra rows: Sluice keeps one row per "${key.name}"`,
  });
}

/** A listing ends with its run, and a history may be reset to before that end. */
export function listingGone({ stream, run, mode }: RunOfStream): SyncError {
  return new SyncError('Fenced', `the listing of run ${run} of ${stream} is gone`, {
    next: `start a new run of ${mode}: this one’s history was reset to before its end`,
  });
}

/** What a person approved is not what the run would do. */
export function notAsApproved({ stream, run, mode }: RunOfStream): SyncError {
  return new SyncError(
    'StateCorrupt',
    `the vanished rows of run ${run} of ${stream} are not those that were approved`,
    { next: `start a new run of ${mode} and approve what it finds` },
  );
}

interface RunOfStream {
  readonly stream: string;
  readonly run: string;
  readonly mode: SyncMode;
}
