import { columnTypeFor } from '../../destinations/snowflake/column-types.ts';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { type Connections, openConnections } from '../../destinations/snowflake/connection.ts';
import type { SqlRow } from '../../destinations/snowflake/session.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { driverError, type FakeDriver, fakeDriver, type Reply, rowsOf } from './fake-snowflake-driver.ts';

/** Which statement of all fails: refused, or done and its answer lost. */
export interface Fault {
  readonly at: number;
  readonly does: 'refuse' | 'loseAnswer';
}

/** An account that knows no SQL, but what was committed: transactions, and the ledger rows in them. */
export interface ModelledAccount {
  readonly connections: Connections;
  /** Statements in order, with `login` and `logout` and without what is set at a login. */
  sent(): string[];
  /** Ledger rows that were committed, by the batch they are of. */
  readonly committed: readonly string[];
  fail(fault: Fault | null): void;
}

const isLedgerRow = /^INSERT INTO \S*"SYNC_BATCHES"/;

/** `answer` gives the rows of a query, or how many rows a statement changes. */
export function modelAccount(
  request: Pick<MergeRequest, 'run' | 'mode'> & { readonly batchId: string },
  answer: (sql: string) => readonly SqlRow[] | number,
): ModelledAccount {
  const committed: string[] = [];
  let open: { rows: string[] } | null = null;
  let fault: Fault | null = null;
  let count = 0;

  const perform = (sql: string): Reply => {
    if (sql === 'BEGIN') open = { rows: [] };
    else if (sql === 'COMMIT') {
      committed.push(...(open?.rows ?? []));
      open = null;
    } else if (sql === 'ROLLBACK') open = null;
    else if (isLedgerRow.test(sql)) {
      open?.rows.push(request.batchId);
      return { changedRows: open === null ? 0 : 1 };
    } else if (sql.startsWith('DESCRIBE TRANSACTION')) return replyOf([{ state: 'committed' }]);
    else if (sql.startsWith('SELECT') && sql.includes('AS transaction_id')) {
      const beside = sql.includes('CROSS JOIN') ? answer(sql) : [];
      return replyOf([{ ...standing(request, committed), ...(typeof beside === 'number' ? {} : beside[0]) }]);
    }
    const given = answer(sql);
    return typeof given === 'number' ? { changedRows: given } : replyOf(given);
  };
  const driver: FakeDriver = fakeDriver((sql) => {
    if (sql.startsWith('ALTER SESSION')) return {};
    const isFault = count++ === fault?.at;
    if (isFault && fault?.does === 'refuse') return { error: driverError('000625', '57014') };
    const reply = perform(sql);
    return isFault ? { error: driverError('ECONNRESET') } : reply;
  });
  return {
    connections: openConnections(
      snowflakeConfig.parse({
        kind: 'snowflake',
        account: 'myorg-myaccount',
        username: 'sluice',
        password: 'secret',
        database: 'analytics',
        warehouse: 'loading',
      }),
      async () => driver,
    ),
    sent: () => driver.sent.filter((sql) => !sql.startsWith('ALTER SESSION')),
    committed,
    fail: (next) => {
      fault = next;
      count = 0;
    },
  };
}

function replyOf(rows: readonly SqlRow[]): Reply {
  const names = Object.keys(rows[0] ?? {});
  const columns = names.map((name) => ({ name, type: typeof rows[0]![name] === 'boolean' ? 'boolean' : 'text' }));
  return { columns, rows: () => rowsOf(rows.map((row) => names.map((name) => row[name]))) };
}

/** The first batch of a run that holds its claim. */
function standing(
  { run, mode, batchId }: Pick<MergeRequest, 'run' | 'mode'> & { batchId: string },
  committed: readonly string[],
): SqlRow {
  return {
    generation: '1',
    claims: JSON.stringify({ [mode]: { run, startedAt: '2024-01-01T00:00:00.000Z' } }),
    reset_by: null,
    shape: '0',
    reshaped_by: null,
    transaction_id: '1432071497832',
    stored_id: committed.includes(batchId) ? batchId : null,
    run,
    mode,
    scope: 'whole',
    status: 'running',
    plan_digest: 'digest',
    start_frontier: JSON.stringify({ kind: 'idRanges', ranges: [{ from: '1', to: null }] }),
    first_started_at: '2024-01-01T00:00:00.000Z',
    resumed_from: null,
    keeps_listing: true,
  };
}

/** A table as DESCRIBE TABLE tells of it. */
export function describedColumns(
  columns: readonly { name: string; type: Parameters<typeof columnTypeFor>[0] }[],
): SqlRow[] {
  return columns.map(({ name, type }) => ({ name: name.toUpperCase(), type: columnTypeFor(type) }));
}
