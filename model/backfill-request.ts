import { SyncError } from './errors.ts';
import { firstSearchableMs } from './positions.ts';
import { resumePolicies, type ResumePolicy } from './run.ts';
import type { BackfillScope } from './source.ts';

export const maxInlineIds = 1_000;
export const minChunkRecords = 20_000;
export const maxChunkRecords = 50_000;

export interface BackfillRequest {
  readonly limit?: number | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly createdAfter?: string | undefined;
  readonly createdBefore?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly adopt?: boolean | undefined;
  readonly chunkRecords?: number | undefined;
  readonly resume?: ResumePolicy | undefined;
}

export interface CheckedBackfill {
  readonly scope: BackfillScope;
  readonly chunkRecords: number;
  readonly resume: ResumePolicy;
  readonly replaces: boolean;
  /** Takes over a table that another tool has filled, and reads nothing. */
  readonly adopts: boolean;
}

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Checks what a person put into a backfill's input, since anyone may start one from the Temporal UI. `fewestPerChunk` is
 * `minChunkRecords` outside of tests. Throws `ConfigInvalid`.
 */
export function checkBackfillRequest(
  request: BackfillRequest,
  settings: { chunkRecords: number; fewestPerChunk: number; now: string },
): CheckedBackfill {
  const scope = scopeOf(request, settings.now);
  const chunkRecords = request.chunkRecords ?? settings.chunkRecords;
  const fewest = scope.kind === 'limit' ? 1 : settings.fewestPerChunk;
  if (!Number.isInteger(chunkRecords) || chunkRecords < fewest || chunkRecords > maxChunkRecords) {
    throw invalid('chunkRecords', `give an integer from ${fewest} to ${maxChunkRecords}`);
  }
  const replaces = request.replace ?? false;
  if (typeof replaces !== 'boolean') throw invalid('replace', 'give true or false');
  if (replaces && scope.kind !== 'whole')
    throw invalid('replace', 'it needs the whole stream: leave out what narrows it');
  const adopts = request.adopt ?? false;
  if (typeof adopts !== 'boolean') throw invalid('adopt', 'give true or false');
  if (adopts && (scope.kind !== 'whole' || replaces || request.resume !== undefined)) {
    throw invalid('adopt', 'it reads nothing: leave out what says which records, and how');
  }
  // The ids of a replacement have to be listed by one run.
  const resume = request.resume ?? (replaces ? 'never' : 'auto');
  if (replaces && resume !== 'never') throw invalid('resume', 'a replacement always begins anew');
  if (!resumePolicies.includes(resume)) throw invalid('resume', `give one of ${resumePolicies.join(', ')}`);
  return { scope, chunkRecords, resume, replaces, adopts };
}

function scopeOf({ limit, ids, createdAfter, createdBefore }: BackfillRequest, now: string): BackfillScope {
  if ([limit, ids, createdAfter ?? createdBefore].filter((option) => option !== undefined).length > 1) {
    throw invalid('limit', 'give only one of limit, ids and a range of creation');
  }
  if (createdAfter !== undefined || createdBefore !== undefined) {
    const from = instantOf(createdAfter ?? new Date(firstSearchableMs).toISOString(), 'createdAfter');
    const to = instantOf(createdBefore ?? now, 'createdBefore');
    if (from > to) throw invalid('createdAfter', 'give an instant before createdBefore');
    return { kind: 'range', created: { from, to } };
  }
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

function instantOf(text: unknown, field: string): string {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid(field, 'give an ISO instant such as 2026-01-31T00:00:00Z');
  return new Date(Math.max(firstSearchableMs, ms)).toISOString();
}

function invalid(field: string, next: string): SyncError {
  return new SyncError('ConfigInvalid', `backfill input "${field}" cannot be used`, { next });
}
