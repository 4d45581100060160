import type { ColumnType } from '../../model/column.ts';
import type { CompareRequest, Differences } from '../../model/comparison.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { columnTypeFor } from './column-types.ts';
import { buildIsErased } from './content-statements.ts';
import { buildBound, isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import { buildListedDiffers, listingTables, type ListingRun } from './listing-tables.ts';
import type { Bind, Statement } from './session.ts';
import { buildCreateTemporary, temporaryTable } from './staging-statements.ts';
import { withinTransaction } from './within-transaction.ts';

/** The statements of one comparison, in order: find, keep as work, summarise. */

/** `id, reason`. */
function foundTable({ table }: Pick<StreamTable, 'table'>): string {
  return temporaryTable(table, 'found');
}

export function buildCreateFound(plan: StreamPlan): Statement {
  return buildCreateTemporary(foundTable(plan), [`id ${columnTypeFor(plan.key.type)}`, 'reason VARCHAR']);
}

/** An id may have been listed more than once, as alive and as archived: where it was seen last counts. */
function buildListed(listing: string): string {
  return (
    `SELECT * FROM ${listing} QUALIFY ROW_NUMBER() OVER ` +
    '(PARTITION BY id ORDER BY observed_at DESC, state DESC, version DESC NULLS LAST) = 1'
  );
}

/** Whose listing and work are meant. */
export type ListedStream = StreamTable & ListingRun;

type Sought = Pick<CompareRequest, 'plan' | 'run' | 'mode' | 'looksFor' | 'restorableSince' | 'firstStartedAt'>;

/** A case of the comparison, with the values of its `?`. */
interface Case {
  readonly when: string;
  readonly reason: keyof Differences;
  readonly binds?: readonly Bind[];
}

/**
 * Every id that something has to be done about, with the first reason that applies. Ids that merging found doubtful stay
 * so unless they are known to be missing or older. `current` has the types that the table has by now.
 */
export function buildFindDifferences(sought: Sought, current: Pick<StreamPlan, 'columns'>): Statement {
  const { plan } = sought;
  const { listing, work } = listingTables(plan, sought);
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const cases = findCases(sought, current);
  const reasons = cases.map(({ when, reason }) => `WHEN ${when} THEN '${reason}'`);
  return {
    sql:
      `INSERT INTO ${foundTable(plan)} (id, reason) SELECT f.id, f.reason FROM (` +
      `SELECT COALESCE(${key}, l.id, w.id) AS id, CASE ${reasons.join(' ')} END AS reason ` +
      `FROM ${quoteTable(plan.table)} t FULL JOIN (${buildListed(quoteTable(listing))}) l ON l.id = ${key} ` +
      `FULL JOIN (SELECT DISTINCT id FROM ${quoteTable(work)}) w ON w.id = COALESCE(${key}, l.id) ` +
      `CROSS JOIN (SELECT MIN(observed_at) AS listed_since FROM ${quoteTable(listing)}) b) f WHERE f.reason IS NOT NULL AND ${withinTransaction}`,
    binds: cases.flatMap(({ binds = [] }) => binds),
  };
}

function findCases(sought: Sought, current: Pick<StreamPlan, 'columns'>): readonly Case[] {
  const { plan, looksFor, restorableSince, firstStartedAt } = sought;
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const isLive = `(${key} IS NOT NULL AND NOT ${isTrue('t._deleted')})`;
  const isUnlisted = 'l.id IS NULL';
  const missing: Case = {
    when:
      `l.state = 'live' AND NOT ${isLive} AND (${key} IS NULL OR t._state_observed_at IS NULL ` +
      'OR t._state_observed_at < l.observed_at)',
    reason: 'missing',
  };
  const stale: Case = {
    when:
      `l.state = 'live' AND ${isLive} AND (l.version > t._version OR (l.version IS NOT NULL AND t._version IS NULL) OR ` +
      '(l.version < t._version AND t._observed_at IS NULL))',
    reason: 'stale',
  };
  const recalculated: Case = {
    when:
      `l.state = 'live' AND ${isLive} AND l.version IS NOT DISTINCT FROM t._version ` +
      `AND NOT ${isTrue('t._observed_at > l.observed_at')} ` +
      `AND ${buildListedDiffers(plan, current, { listing: 'l', row: 't' })}`,
    reason: 'recalculated',
  };
  const doubted: Case = { when: 'w.id IS NOT NULL', reason: 'doubtful' };
  const isOutOfBin = `t._deleted AND ${isUnlisted} AND t._merged_into IS NULL AND NOT ${buildIsErased('t')}`;
  const outOfBin: Case = erasesTombstones(sought)
    ? { when: isOutOfBin, reason: 'vanished' }
    : {
        when: `${isOutOfBin} AND t._deleted_at >= ${buildBound('timestamp')}`,
        reason: 'doubtful',
        binds: [restorableSince],
      };
  const vanished: Case = {
    when:
      `${isLive} AND ${isUnlisted} AND (t._state_observed_at IS NULL OR ` +
      `t._state_observed_at < COALESCE(LEAST(${buildBound('timestamp')}, b.listed_since), ${buildBound('timestamp')}))`,
    reason: 'vanished',
    binds: [firstStartedAt, firstStartedAt],
  };
  return {
    all: [missing, stale, recalculated, doubted, outOfBin, vanished],
    vanished: [doubted, vanished],
    restored: [doubted, outOfBin],
  }[looksFor];
}

/**
 * What has left the bin too is gone for good. Where that means to be erased, a tombstone's values are at stake as a live row's
 * are, so it counts as vanished, under the breaker and with the second look.
 */
function erasesTombstones({ plan, looksFor }: Pick<CompareRequest, 'plan' | 'looksFor'>): boolean {
  return plan.onVanished === 'erase' && looksFor === 'all';
}

export function buildKeepWork(target: ListedStream): Statement[] {
  const work = quoteTable(listingTables(target, target).work);
  return [
    { sql: `DELETE FROM ${work} WHERE ${withinTransaction}` },
    {
      sql:
        `INSERT INTO ${work} (id, task, reason) ` +
        `SELECT f.id, IFF(f.reason = 'vanished', 'vanished', 'repair'), f.reason FROM ${foundTable(target)} f WHERE ${withinTransaction}`,
    },
  ];
}

/** One row: how many ids for each reason, live rows, and ids listed as alive. */
export function buildCountCompared(target: ListedStream): Statement {
  const { listing, work } = listingTables(target, target);
  const counted = ['missing', 'stale', 'recalculated', 'doubtful', 'vanished'].map(
    (reason) => `COUNT_IF(reason = '${reason}') AS ${reason}`,
  );
  return {
    sql:
      `SELECT w.*, t.live_rows, l.listed FROM (SELECT ${counted.join(', ')} FROM ${quoteTable(work)}) w ` +
      `CROSS JOIN (SELECT COUNT_IF(NOT ${isTrue('_deleted')}) AS live_rows FROM ${quoteTable(target.table)}) t ` +
      `CROSS JOIN (SELECT COUNT(DISTINCT IFF(state = 'live', id, NULL)) AS listed FROM ${quoteTable(listing)}) l`,
  };
}

/** The ids of a task in the key's own order, as text. */
export function buildSelectWork(
  target: ListedStream,
  {
    task,
    from,
    limit,
  }: {
    readonly task: string;
    /** The ids after this one, of the key's type; all for null. */
    readonly from: { readonly after: string; readonly keyType: ColumnType } | null;
    readonly limit: number | null;
  },
): Statement {
  return {
    sql:
      `SELECT TO_VARCHAR(id) AS id_text FROM ${quoteTable(listingTables(target, target).work)} WHERE task = ? ` +
      `${from === null ? '' : `AND id > ${buildBound(from.keyType)} `}ORDER BY id${limit === null ? '' : ` LIMIT ${Math.trunc(limit)}`}`,
    binds: from === null ? [task] : [task, from.after],
  };
}
