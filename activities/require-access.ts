import { isOtherAccess } from '../model/breaker.ts';
import { SyncError } from '../model/errors.ts';

/**
 * Rows of two accounts must not meet in one table. What was never noted passes; a reconciliation asks a person instead, since
 * it is how a change that is wanted is taken over.
 */
export function requireSameAccess(
  stream: string,
  access: { readonly before: string | null; readonly now: string | null },
): void {
  if (!isOtherAccess(access)) return;
  const { before, now } = access;
  throw new SyncError('ConfigInvalid', `${stream}: the credentials see ${now}, and its rows came from ${before}`, {
    next: `set the credentials of ${before}; to begin with ${now}, reset the stream with --drop-table`,
  });
}
