import { SyncError } from './errors.ts';

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
