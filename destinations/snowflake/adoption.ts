import {
  type AdoptRequest,
  type Adoption,
  findStampColumn,
  nothingToAdopt,
  type StampColumn,
  type SurveyRequest,
  surveyOf,
  type TableFacts,
  type TableSurvey,
  usableStamps,
} from '../../model/adoption.ts';
import { adoptionStep, concludeAdoption } from '../../model/adoption-batch.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { TableTypes } from '../../model/fit-plan.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { describeTable, hasSchema, hasTable } from './catalogue.ts';
import { takePlace } from './chain.ts';
import { settleColumns } from './column-steps.ts';
import { buildCast, columnTypeFor, columnTypeOf } from './column-types.ts';
import { buildBound, isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import { appendBatch } from './ledger.ts';
import { numberOf, type Session, type Statement } from './session.ts';
import { listStreamTables, readStreamState } from './state.ts';
import { systemTable } from './system-tables.ts';
import { fitTable } from './target-table.ts';
import { withinTransaction } from './within-transaction.ts';

/** Changes nothing. */
export async function surveyInSession(session: Session, request: SurveyRequest): Promise<TableSurvey> {
  const { plan } = request;
  const { schema } = plan.table;
  if (!(await hasSchema(session, schema)) || !(await hasTable(session, plan.table))) throw nothingToAdopt(plan);
  const { types } = settleColumns(await describeTable(session, plan.table));
  const { missing, fitted } = fitTable(plan, types);
  const stamp = findStampColumn(plan, types, columnTypeOf);
  const facts = await readFacts(session, request, { types, stamp });
  return surveyOf(plan, facts, { types, missing, fitted, stamp });
}

/** One transaction: versions, and a ledger row with the positions that they earn. */
export async function adoptInSession(session: Session, request: AdoptRequest): Promise<Adoption> {
  const { plan, run, firstStartedAt: sourceNow } = request;
  const step = adoptionStep(request);
  return session.transaction(async () => {
    const { head, isRepeat } = await takePlace(session, step, step.batchId);
    if (isRepeat) {
      const present = await listStreamTables(session, step);
      const { positions } = await readStreamState(session, step, present);
      return { end: 'rollback', value: { head, positions: positions! } };
    }
    const types = await describeTable(session, plan.table);
    const stamp = findStampColumn(plan, types, columnTypeOf);
    const facts = await readFacts(session, { plan, run, sourceNow }, { types, stamp });
    const { entry, adoption } = concludeAdoption(request, head, facts);
    if (stamp !== null) await session.execute(buildFillVersions(plan, stamp, sourceNow));
    await appendBatch(session, entry, zeroCounts);
    return { end: 'commit', value: adoption };
  });
}

async function readFacts(
  session: Session,
  { plan, run, sourceNow }: SurveyRequest,
  { types, stamp }: { readonly types: TableTypes; readonly stamp: StampColumn | null },
): Promise<TableFacts> {
  const batches = await countBatches(session, plan, run);
  const [row] = await session.query(buildCountRows(plan, { stamp, hasVersions: types.has('_version'), sourceNow }));
  const newest = row?.['newest'];
  return {
    batches,
    rows: numberOf(row, 'row_count'),
    keyed: numberOf(row, 'keyed'),
    keys: numberOf(row, 'keys'),
    stampedRows: numberOf(row, 'stamped'),
    newestStamp: typeof newest === 'string' ? newest : null,
  };
}

async function countBatches(session: Session, { stream, table }: StreamTable, run: string | null): Promise<number> {
  if (!(await hasTable(session, { schema: table.schema, table: 'sync_batches' }))) return 0;
  const [row] = await session.query({
    sql:
      'SELECT IFF(COUNT_IF(run = ?) > 0, 0, COUNT(*)) AS batches ' +
      `FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = ?`,
    binds: [run, stream],
  });
  return numberOf(row, 'batches');
}

/** One row. */
export function buildCountRows(
  { table, key }: Pick<StreamPlan, 'table' | 'key'>,
  { stamp, hasVersions, sourceNow }: { stamp: StampColumn | null; hasVersions: boolean; sourceNow: string },
): Statement {
  const versions = [...(hasVersions ? ['_version'] : []), ...(stamp === null ? [] : [buildStamp(stamp)])];
  const none = buildNoInstant();
  const version = `COALESCE(${[...versions, none, none].join(', ')})`;
  const { from, to } = usableStamps(sourceNow);
  return {
    sql:
      'SELECT COUNT(*) AS row_count, COUNT(r.key_value) AS keyed, COUNT(DISTINCT r.key_value) AS keys, ' +
      'COUNT_IF(r.is_stamped) AS stamped, MAX(IFF(r.is_stamped, r.version, NULL)) AS newest FROM (' +
      `SELECT q.*, ${buildIsUsable('q.version')} AS is_stamped FROM (` +
      `SELECT ${quoteIdentifier(key.name)} AS key_value, ${version} AS version FROM ${quoteTable(table)}) q) r`,
    binds: [from, to],
  };
}

/** Rows that have a version keep it. Within a transaction. */
export function buildFillVersions(
  { table }: Pick<StreamPlan, 'table'>,
  stamp: StampColumn,
  sourceNow: string,
): Statement {
  const version = buildStamp(stamp);
  const { from, to } = usableStamps(sourceNow);
  return {
    sql:
      `UPDATE ${quoteTable(table)} SET _version = ${version} WHERE _version IS NULL AND ${buildIsUsable(version)} ` +
      `AND ${withinTransaction}`,
    binds: [from, to],
  };
}

function buildStamp({ name, type }: StampColumn): string {
  return type === 'text' ? buildCast('timestamp', quoteIdentifier(name)) : quoteIdentifier(name);
}

function buildNoInstant(): string {
  return `NULL::${columnTypeFor('timestamp')}`;
}

function buildIsUsable(version: string): string {
  return isTrue(`${version} BETWEEN ${buildBound('timestamp')} AND ${buildBound('timestamp')}`);
}
