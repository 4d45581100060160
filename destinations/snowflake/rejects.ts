import type { KeptReject, RejectedIds, RejectFilter, RejectGroup, RejectRow } from '../../model/reject.ts';
import { readKeptReject, readReject, readRejectGroup, rejectColumns } from '../../model/reject-rows.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { buildBound } from './expressions.ts';
import { isKeyReason } from './quarantine-statements.ts';
import { numberOf, type Session, type Statement } from './session.ts';
import { systemTable } from './system-tables.ts';

type Filtered = StreamTable & RejectFilter;

const newestFirst = 'ORDER BY created_at DESC, record_id, column_name';

/** A session gives instants as ISO-8601. */
const asIs = (text: string) => text;

/** Newest first, without payloads. */
export async function selectRejects(
  session: Session,
  target: Filtered & { readonly limit: number },
): Promise<{ total: number; rows: RejectRow[] }> {
  const { sql: from, binds } = filtered(target);
  const rows = await session.query({
    sql: `SELECT ${rejectColumns}, COUNT(*) OVER () AS total ${from} ${newestFirst} LIMIT ${Math.trunc(target.limit)}`,
    binds,
  });
  return { total: numberOf(rows[0], 'total'), rows: rows.map((row) => readReject(row, asIs)) };
}

/** The largest first. */
export async function selectRejectGroups(session: Session, target: Filtered): Promise<RejectGroup[]> {
  const { sql: from, binds } = filtered(target);
  const rows = await session.query({
    sql:
      'SELECT column_name, reason, source_type, column_type, COUNT(*) AS rejects, COUNT(DISTINCT record_id) AS records, ' +
      `MIN(created_at) AS first_at, MAX(created_at) AS last_at ${from} ` +
      'GROUP BY column_name, reason, source_type, column_type ORDER BY rejects DESC, column_name, reason',
    binds,
  });
  return rows.map((row) => readRejectGroup(row, asIs));
}

/** A page of the ids that can be read again. */
export async function selectRejectedIds(
  session: Session,
  target: Filtered & { readonly after: string | null; readonly limit: number },
): Promise<RejectedIds> {
  const { sql: from, binds } = filtered(target);
  const readable = `${from} AND record_id IS NOT NULL AND NOT ${isKeyReason('reason')}`;
  const [counted] = await session.query({ sql: `SELECT COUNT(DISTINCT record_id) AS total ${readable}`, binds });
  const rows = await session.query({
    sql:
      `SELECT DISTINCT record_id ${readable} AND record_id > ? ` +
      `ORDER BY record_id LIMIT ${Math.trunc(target.limit)}`,
    binds: [...binds, target.after ?? ''],
  });
  return { total: numberOf(counted, 'total'), ids: rows.map((row) => String(row['record_id'])) };
}

/** All that the filter finds, newest first, as one look at the table. */
export async function streamRejects(
  session: Session,
  target: Filtered,
  take: (rejects: readonly KeptReject[]) => Promise<void>,
): Promise<void> {
  const { sql: from, binds } = filtered(target);
  await session.stream(
    { sql: `SELECT ${rejectColumns}, payload, ${isKeyReason('reason')} AS is_record ${from} ${newestFirst}`, binds },
    (rows) => take(rows.map((row) => readKeptReject(row, asIs))),
  );
}

function filtered({ stream, table, column, reason, since }: Filtered): Required<Statement> {
  const conditions: readonly (readonly [string, string | undefined])[] = [
    ['stream = ?', stream],
    ['LOWER(column_name) = LOWER(?)', column],
    ['CONTAINS(LOWER(reason), LOWER(?))', reason],
    [`created_at >= ${buildBound('timestamp')}`, since],
  ];
  const set = conditions.filter((condition): condition is [string, string] => condition[1] !== undefined);
  return {
    sql: `FROM ${systemTable(table.schema, 'sync_errors')} WHERE ${set.map(([sql]) => sql).join(' AND ')}`,
    binds: set.map(([, value]) => value),
  };
}
