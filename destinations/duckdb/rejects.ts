import type { KeptReject, RejectedIds, RejectFilter, RejectGroup, RejectRow } from '../../model/reject.ts';
import { readKeptReject, readReject, readRejectGroup, rejectColumns } from '../../model/reject-rows.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { isoInstant } from './instant.ts';
import { isKeyReason } from './quarantine-statements.ts';
import type { Session, SqlValues } from './session.ts';
import { systemTable } from './system-tables.ts';

type Filtered = StreamTable & RejectFilter;

const newestFirst = 'ORDER BY created_at DESC, record_id, column_name';

/** Newest first, without payloads. */
export async function selectRejects(
  session: Session,
  target: Filtered & { limit: number },
): Promise<{ total: number; rows: RejectRow[] }> {
  const { from, values } = filtered(target);
  const [counted] = await session.query(`SELECT count(*) AS total ${from}`, values);
  const rows = await session.query(`SELECT ${rejectColumns} ${from} ${newestFirst} LIMIT $limit`, {
    ...values,
    limit: target.limit,
  });
  return { total: Number(counted!['total']), rows: rows.map((row) => readReject(row, isoInstant)) };
}

/** The largest first. */
export async function selectRejectGroups(session: Session, target: Filtered): Promise<RejectGroup[]> {
  const { from, values } = filtered(target);
  const rows = await session.query(
    'SELECT column_name, reason, source_type, column_type, count(*) AS rejects, count(DISTINCT record_id) AS records, ' +
      `min(created_at) AS first_at, max(created_at) AS last_at ${from} GROUP BY ALL ` +
      'ORDER BY rejects DESC, column_name, reason',
    values,
  );
  return rows.map((row) => readRejectGroup(row, isoInstant));
}

/** A page of the ids that can be read again. */
export async function selectRejectedIds(
  session: Session,
  target: Filtered & { after: string | null; limit: number },
): Promise<RejectedIds> {
  const { from, values } = filtered(target);
  const readable = `${from} AND record_id IS NOT NULL AND NOT ${isKeyReason('reason')}`;
  const [counted] = await session.query(`SELECT count(DISTINCT record_id) AS total ${readable}`, values);
  const rows = await session.query(
    `SELECT DISTINCT record_id ${readable} AND record_id > $after ORDER BY record_id LIMIT $limit`,
    { ...values, after: target.after ?? '', limit: target.limit },
  );
  return { total: Number(counted!['total']), ids: rows.map((row) => String(row['record_id'])) };
}

/** All that the filter finds, newest first, as one look at the table. */
export async function streamRejects(
  session: Session,
  target: Filtered,
  take: (rejects: readonly KeptReject[]) => Promise<void>,
): Promise<void> {
  const { from, values } = filtered(target);
  const sql = `SELECT ${rejectColumns}, payload, ${isKeyReason('reason')} AS is_record ${from} ${newestFirst}`;
  await session.stream(sql, values, (rows) => take(rows.map((row) => readKeptReject(row, isoInstant))));
}

function filtered({ stream, table, column, reason, since }: Filtered): { from: string; values: SqlValues } {
  const conditions = [
    'stream = $stream',
    ...(column === undefined ? [] : ['lower(column_name) = lower($column)']),
    ...(reason === undefined ? [] : ['contains(lower(reason), lower($reason))']),
    ...(since === undefined ? [] : ['created_at >= $since::TIMESTAMPTZ']),
  ];
  const values = {
    stream,
    ...(column === undefined ? {} : { column }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
  };
  return { from: `FROM ${systemTable(table.schema, 'sync_errors')} WHERE ${conditions.join(' AND ')}`, values };
}
