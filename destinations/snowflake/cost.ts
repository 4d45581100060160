import type { BilledStatements, CostReport, CostRequest, ModeCost } from '../../model/cost.ts';
import { SyncError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { SyncMode } from '../../model/plan.ts';
import { hasSchema, hasTable } from './catalogue.ts';
import {
  attributionLagMs,
  buildBilledCost,
  buildLedgerCost,
  buildWarehouseUse,
  viewerRole,
} from './cost-statements.ts';
import { writtenName } from './identifiers.ts';
import { ObjectMissing } from './object-missing.ts';
import { numberOf, type Session, type SqlRow, type Statement } from './session.ts';

/** The ledger's own figures, and beside them the credits, as far as this role may see them. Needs a warehouse. */
export async function readCostInSession(
  session: Session,
  { streams, since }: CostRequest,
  /** By their stored names. */
  warehouses: readonly string[],
): Promise<CostReport> {
  const unseen: Finding[] = [];
  /** Null where the role may not see it, which is then said once. */
  const look = async (subject: string, statement: Statement): Promise<SqlRow[] | null> => {
    if (unseen.some((finding) => finding.subject === subject)) return null;
    try {
      return await session.query(statement);
    } catch (error) {
      if (!mayNotSee(error)) throw error;
      unseen.push(await unseenFinding(session, subject, error));
      return null;
    }
  };
  const modes: ModeCost[] = [];
  let hasLedger = false;
  for (const [schema, within] of Map.groupBy(streams, ({ table }) => table.schema)) {
    if (!(await hasSchema(session, schema)) || !(await hasTable(session, { schema, table: 'sync_batches' }))) continue;
    hasLedger = true;
    const of = { schema, streams: within.map(({ stream }) => stream), since };
    const ledger = await session.query(buildLedgerCost(of));
    modes.push(...costsOf(ledger, await look('credits of runs', buildBilledCost(of))));
  }
  const used = hasLedger ? await look('credits of warehouses', buildWarehouseUse(warehouses, since)) : [];
  return {
    modes: modes.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)),
    warehouses: used?.map(warehouseUseOf) ?? null,
    findings: unseen,
    lagMs: attributionLagMs,
  };
}

/** A mode whose every attempt failed has rows of the account alone. */
function costsOf(ledger: readonly SqlRow[], billed: readonly SqlRow[] | null): ModeCost[] {
  const isOf = (row: SqlRow) => (other: SqlRow) => other['stream'] === row['stream'] && other['mode'] === row['mode'];
  const onlyBilled = (billed ?? []).filter((row) => !ledger.some(isOf(row)));
  return [...ledger, ...onlyBilled.map(({ stream, mode }): SqlRow => ({ stream: stream!, mode: mode! }))].map(
    (row) => ({
      stream: String(row['stream']),
      mode: row['mode'] as SyncMode,
      runs: numberOf(row, 'runs'),
      batches: numberOf(row, 'batches'),
      statements: numberOf(row, 'statements'),
      stagedBytes: numberOf(row, 'staged_bytes'),
      elapsedMs: numberOf(row, 'elapsed_ms'),
      billed: billed === null ? null : billedOf(billed.find(isOf(row))),
    }),
  );
}

function billedOf(row: SqlRow | undefined): BilledStatements {
  return {
    statements: numberOf(row, 'statements'),
    executionMs: numberOf(row, 'execution_ms'),
    credits: numberOf(row, 'credits'),
  };
}

function warehouseUseOf(row: SqlRow): { warehouse: string; credits: number; statementCredits: number } {
  return {
    warehouse: String(row['warehouse']),
    credits: numberOf(row, 'credits'),
    statementCredits: numberOf(row, 'statement_credits'),
  };
}

function placeOf({ stream, mode }: ModeCost): string {
  return `${stream} ${mode}`;
}

/** The ledger was read before, so warehouse and session are in order. */
function mayNotSee(error: unknown): error is SyncError {
  return error instanceof ObjectMissing || (error instanceof SyncError && error.kind === 'ConfigInvalid');
}

async function unseenFinding(session: Session, subject: string, error: SyncError): Promise<Finding> {
  const [self] = await session.query({ sql: 'SELECT CURRENT_ROLE() AS role' });
  const role = writtenName(String(self!['role']));
  return {
    subject,
    status: 'warning',
    text: error.message,
    next: `GRANT DATABASE ROLE ${viewerRole} TO ROLE ${role}, as ACCOUNTADMIN`,
    kind: null,
  };
}
