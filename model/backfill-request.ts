import { SyncError } from './errors.ts';
import { resumePolicies, type ResumePolicy } from './run.ts';
import type { BackfillScope } from './source.ts';

export const maxInlineIds = 1_000;
export const minChunkRecords = 20_000;
export const maxChunkRecords = 50_000;

export interface BackfillRequest {
  readonly limit?: number | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly chunkRecords?: number | undefined;
  readonly resume?: ResumePolicy | undefined;
}

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Checks what a person put into a backfill's input, since anyone may start one from the Temporal UI. `fewestPerChunk` is
 * `minChunkRecords` outside of tests. Throws `ConfigInvalid`.
 */
export function checkBackfillRequest(
  request: BackfillRequest,
  settings: { chunkRecords: number; fewestPerChunk: number },
): { scope: BackfillScope; chunkRecords: number; resume: ResumePolicy } {
  const scope = scopeOf(request);
  const chunkRecords = request.chunkRecords ?? settings.chunkRecords;
  const fewest = scope.kind === 'limit' ? 1 : settings.fewestPerChunk;
  if (!Number.isInteger(chunkRecords) || chunkRecords < fewest || chunkRecords > maxChunkRecords) {
    throw invalid('chunkRecords', `give an integer from ${fewest} to ${maxChunkRecords}`);
  }
  const resume = request.resume ?? 'auto';
  if (!resumePolicies.includes(resume)) throw invalid('resume', `give one of ${resumePolicies.join(', ')}`);
  return { scope, chunkRecords, resume };
}

function scopeOf({ limit, ids }: BackfillRequest): BackfillScope {
  if (limit !== undefined && ids !== undefined) throw invalid('limit', 'give either limit or ids');
  if (limit !== undefined) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw invalid('limit', 'give a positive integer');
    return { kind: 'limit', limit };
  }
  if (ids !== undefined) {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > maxInlineIds) {
      throw invalid('ids', `give a list of 1 to ${maxInlineIds} ids`);
    }
    if (!ids.every((id) => typeof id === 'string' && idPattern.test(id))) {
      throw invalid('ids', 'give each id as a string of letters and digits');
    }
    return { kind: 'ids', ids: [...new Set(ids)] };
  }
  return { kind: 'whole' };
}

function invalid(field: string, next: string): SyncError {
  return new SyncError('ConfigInvalid', `backfill input "${field}" cannot be used`, { next });
}
