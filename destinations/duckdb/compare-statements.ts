import type { CompareRequest } from '../../model/comparison.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { buildIsErased } from './content-statements.ts';
import { quoteIdentifier, quoteTable } from './dialect.ts';
import { buildListedDiffers, listingTables } from './listing-tables.ts';

/** The statements of one comparison, in order: reduce the listing, find, keep as work, summarise. */

/** An id may have been listed more than once, as alive and as archived: where it was seen last counts. */
export function buildReduceListing(target: StreamTable, mode: SyncMode): string {
  return (
    'CREATE TEMP TABLE _sluice_listed AS SELECT DISTINCT ON (id) * ' +
    `FROM ${quoteTable(listingTables(target, mode).listing)} ` +
    'ORDER BY id, observed_at DESC, state DESC, version DESC NULLS LAST'
  );
}

/**
 * Every id that something has to be done about, with the first reason that applies. Ids that merging found doubtful stay
 * so unless they are known to be missing or older. Binds what `boundInstants` names.
 */
export function buildFindDifferences(plan: StreamPlan, mode: SyncMode, looksFor: CompareRequest['looksFor']): string {
  const { listing, work } = listingTables(plan, mode);
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const isLive = `(${key} IS NOT NULL AND t._deleted IS NOT TRUE)`;
  const isUnlisted = 'l.id IS NULL';
  const missing =
    `WHEN l.state = 'live' AND NOT ${isLive} AND (${key} IS NULL OR t._state_observed_at IS NULL ` +
    "OR t._state_observed_at < l.observed_at) THEN 'missing' ";
  const stale =
    `WHEN l.state = 'live' AND ${isLive} AND (l.version > t._version OR (l.version IS NOT NULL AND t._version IS NULL) OR ` +
    "(l.version < t._version AND t._observed_at IS NULL)) THEN 'stale' ";
  const recalculated =
    `WHEN l.state = 'live' AND ${isLive} AND l.version IS NOT DISTINCT FROM t._version ` +
    `AND (t._observed_at > l.observed_at) IS NOT TRUE AND ${buildListedDiffers(plan, 'l', 't')} THEN 'recalculated' `;
  const doubted = "WHEN w.id IS NOT NULL THEN 'doubtful' ";
  const isOutOfBin = `t._deleted IS TRUE AND ${isUnlisted} AND t._merged_into IS NULL AND NOT ${buildIsErased('t')}`;
  const outOfBin = erasesTombstones({ plan, looksFor })
    ? `WHEN ${isOutOfBin} THEN 'vanished' `
    : `WHEN ${isOutOfBin} AND t._deleted_at >= $restorableSince::TIMESTAMPTZ THEN 'doubtful' `;
  const vanished =
    `WHEN ${isLive} AND ${isUnlisted} AND (t._state_observed_at IS NULL OR t._state_observed_at < ` +
    `least($firstStartedAt::TIMESTAMPTZ, (SELECT min(observed_at) FROM ${quoteTable(listing)}))) THEN 'vanished' `;
  const cases = {
    all: missing + stale + recalculated + doubted + outOfBin + vanished,
    vanished: doubted + vanished,
    restored: doubted + outOfBin,
  }[looksFor];
  return (
    `CREATE TEMP TABLE _sluice_found AS FROM (SELECT coalesce(${key}, l.id, w.id) AS id, CASE ${cases}END AS reason ` +
    `FROM ${quoteTable(plan.table)} t FULL JOIN _sluice_listed l ON l.id = ${key} ` +
    `FULL JOIN (SELECT DISTINCT id FROM ${quoteTable(work)}) w ON w.id = coalesce(${key}, l.id)) WHERE reason IS NOT NULL`
  );
}

/**
 * What has left the bin too is gone for good. Where that means to be erased, a tombstone's values are at stake as a live row's
 * are, so it counts as vanished, under the breaker and with the second look.
 */
function erasesTombstones({ plan, looksFor }: Pick<CompareRequest, 'plan' | 'looksFor'>): boolean {
  return plan.onVanished === 'erase' && looksFor === 'all';
}

/** The values of `buildFindDifferences`. */
export function boundInstants(request: CompareRequest) {
  const { looksFor, restorableSince, firstStartedAt } = request;
  return {
    ...(looksFor === 'vanished' || erasesTombstones(request) ? {} : { restorableSince }),
    ...(looksFor === 'restored' ? {} : { firstStartedAt }),
  };
}

export function buildKeepWork(target: StreamTable, mode: SyncMode): string[] {
  const work = quoteTable(listingTables(target, mode).work);
  return [
    `DELETE FROM ${work}`,
    `INSERT INTO ${work} (id, task, reason) SELECT id, if(reason = 'vanished', 'vanished', 'repair'), reason ` +
      'FROM _sluice_found ORDER BY id',
  ];
}

/** One row: how many ids for each reason, and the digest that names those that vanished. */
export function buildSummariseWork(target: StreamTable, mode: SyncMode): string {
  const counted = ['missing', 'stale', 'recalculated', 'doubtful', 'vanished'].map(
    (reason) => `count(*) FILTER (reason = '${reason}') AS ${reason}`,
  );
  return (
    `SELECT ${counted.join(', ')}, ` +
    "sha256(string_agg(id::VARCHAR, ',' ORDER BY id) FILTER (task = 'vanished')) AS digest " +
    `FROM ${quoteTable(listingTables(target, mode).work)}`
  );
}

/** One row: live rows, and ids listed as alive. */
export function buildCountCompared(target: StreamTable, mode: SyncMode): string {
  return (
    `SELECT (SELECT count(*) FROM ${quoteTable(target.table)} WHERE _deleted IS NOT TRUE) AS live_rows, ` +
    `(SELECT count(DISTINCT id) FROM ${quoteTable(listingTables(target, mode).listing)} WHERE state = 'live') AS listed`
  );
}

export const dropCompared =
  'DROP TABLE IF EXISTS temp.main._sluice_listed; DROP TABLE IF EXISTS temp.main._sluice_found';
