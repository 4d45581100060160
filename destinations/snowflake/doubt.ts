import { untraced } from '../../model/ledger-columns.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import { quoteTable } from './identifiers.ts';
import { listingTables } from './listing-tables.ts';
import type { Statement } from './session.ts';
import { systemTable } from './system-tables.ts';
import { withinTransaction } from './within-transaction.ts';

/** Observations are of the workers' clocks and commits of the server's: both keep time to within a second or two. */
const marginMs = 2_000;

/** An expression: until when batches of other runs may have contradicted an older observation without a trace; NULL where none has. */
export function buildDoubtfulUntil({
  plan,
  run,
  seen,
}: {
  readonly plan: Pick<StreamPlan, 'stream' | 'table'>;
  readonly run: string;
  readonly seen: keyof typeof untraced;
}): Required<Statement> {
  return {
    sql:
      `(SELECT DATEADD(MILLISECOND, ${marginMs}, MAX(committed_at)) FROM ${systemTable(plan.table.schema, 'sync_batches')} ` +
      `WHERE stream = ? AND run <> ? AND ${untraced[seen]})`,
    binds: [plan.stream, run],
  };
}

/** Keeps the doubtful of a table of fates for the run itself to read again, each id once. */
export function buildKeepDoubtful(
  { plan, mode, run }: { readonly plan: StreamPlan; readonly mode: SyncMode; readonly run: string },
  fates: { readonly table: string; readonly id: string },
): Statement {
  const work = quoteTable(listingTables(plan, { mode, run }).work);
  return {
    sql:
      `INSERT INTO ${work} (id, task, reason) SELECT DISTINCT ${fates.id}, 'repair', 'doubtful' FROM ${fates.table} ` +
      `WHERE fate = 'doubtful' AND ${fates.id} NOT IN (SELECT id FROM ${work}) AND ${withinTransaction}`,
  };
}
