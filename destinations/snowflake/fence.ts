import { SyncError } from '../../model/errors.ts';
import { firstGeneration } from '../../model/fenced.ts';
import { noFence } from '../../model/stream-errors.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import type { SyncMode } from '../../model/plan.ts';
import { type Claims, noClaims, readClaims, requireHeld, writeClaims } from './claims.ts';
import { columnTypeFor } from './column-types.ts';
import { quoteTable, quoteText } from './identifiers.ts';
import { numberOf, type Session, type SqlRow, type Statement } from './session.ts';
import { streamSuffix } from './stream-suffix.ts';
import { withinTransaction } from './within-transaction.ts';

/** A stream's fence: one row, which whatever writes the stream changes first. */
export interface Fence {
  readonly generation: number;
  readonly claims: Claims;
  /** The reset that began the generation. */
  readonly resetBy: string | null;
  /** Raised whenever columns of the stream's table change: types known of an older one are no longer true. */
  readonly shape: number;
  /** Who is changing columns at the moment, or was when it died. Nothing is merged meanwhile. */
  readonly reshapedBy: string | null;
}

/** A table for each stream: a changed row locks its whole table until the end of the transaction. */
export function fenceTable({ stream, table }: StreamTable): TableName {
  return { schema: table.schema, table: `sync_fence_${streamSuffix(stream)}` };
}

/**
 * DDL. The table comes with its row: inserted apart, two runs that begin at once could insert one each. Nothing is bound, since
 * no values may be bound in DDL.
 */
export function buildCreateFence(target: StreamTable): Statement {
  const text = columnTypeFor('text');
  const number = columnTypeFor('integer');
  const row = [
    `${quoteText(target.stream)}::${text} AS stream`,
    `${firstGeneration}::${number} AS generation`,
    `${quoteText(writeClaims(noClaims))}::${text} AS claims`,
    `NULL::${text} AS taken_by`,
    `NULL::${columnTypeFor('timestamp')} AS taken_at`,
    `NULL::${text} AS reset_by`,
    `0::${number} AS shape`,
    `NULL::${text} AS reshaped_by`,
  ];
  return {
    sql: `CREATE TABLE IF NOT EXISTS ${quoteTable(fenceTable(target))} AS SELECT ${row.join(', ')}`,
  };
}

export function buildTakeFence(target: StreamTable & { readonly taker: string }): Statement {
  return {
    sql: `UPDATE ${quoteTable(fenceTable(target))} SET taken_by = ?, taken_at = CURRENT_TIMESTAMP()`,
    binds: [target.taker],
  };
}

/**
 * Begins a transaction: of two writers at once, the second one waits here for the end of the first. Returns the row of `asked`,
 * a query with the columns of `buildFenceColumns`, which tell the transaction's id too. Raises `Conflict` where it is over already.
 */
export async function takeFence(
  session: Session,
  target: StreamTable & { readonly taker: string },
  asked: Statement = buildFence(target),
): Promise<SqlRow> {
  const { changedRows } = await session.execute(buildTakeFence(target));
  if (changedRows === 0) throw noFence(target);
  const [row] = await session.query(asked);
  if (row === undefined) throw noFence(target);
  session.identify(transactionIdOf(row));
  return row;
}

/** What `readFenceRow` reads of a fence, whose alias is `f`, and the id of the open transaction. */
export function buildFenceColumns(): string {
  const columns = ['generation', 'claims', 'reset_by', 'shape', 'reshaped_by'].map((name) => `f.${name}`);
  return [...columns, 'CURRENT_TRANSACTION() AS transaction_id'].join(', ');
}

/** Null where none is open. */
export function transactionIdOf(row: SqlRow): string | null {
  return row['transaction_id'] as string | null;
}

export function readFenceRow(row: SqlRow): Fence {
  return {
    generation: numberOf(row, 'generation'),
    claims: readClaims(String(row['claims'])),
    resetBy: row['reset_by'] as string | null,
    shape: numberOf(row, 'shape'),
    reshapedBy: row['reshaped_by'] as string | null,
  };
}

function buildFence(target: StreamTable): Statement {
  return { sql: `SELECT ${buildFenceColumns()} FROM ${quoteTable(fenceTable(target))} f` };
}

export async function readFence(session: Session, target: StreamTable): Promise<Fence> {
  const [row] = await session.query(buildFence(target));
  if (row === undefined) throw noFence(target);
  return readFenceRow(row);
}

/** Raises `Fenced` unless the run holds the claim; returns the instant it started. */
export async function requireClaim(
  session: Session,
  claimant: StreamTable & { readonly mode: SyncMode; readonly run: string },
): Promise<string> {
  return requireHeld((await readFence(session, claimant)).claims, claimant);
}

export function buildStoreClaims(target: StreamTable, claims: Claims): Statement {
  return {
    sql: `UPDATE ${quoteTable(fenceTable(target))} SET claims = ? WHERE ${withinTransaction}`,
    binds: [writeClaims(claims)],
  };
}

/** Raises `Conflict` while columns are being changed: what was read of them, or is written to them, might be lost. */
export function requireSettled({ stream }: StreamTable, { reshapedBy }: Fence): void {
  if (reshapedBy === null) return;
  throw new SyncError('Conflict', `the columns of ${stream} are being changed by ${reshapedBy}`, {
    next: 'let it be tried again; if that run is gone, the next run of the stream finishes what it began',
  });
}
