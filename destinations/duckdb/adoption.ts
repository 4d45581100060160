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
import { takePlace } from './chain.ts';
import { buildCast, columnTypeOf } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './dialect.ts';
import { isoInstant } from './instant.ts';
import { appendBatch } from './ledger.ts';
import { numberOf, type Session, type TransactionEnd } from './session.ts';
import { readStreamState } from './state.ts';
import { systemTable } from './system-tables.ts';
import { fitTable, hasTable, readColumnTypes } from './target-table.ts';

/** Changes nothing. */
export async function surveyInSession(session: Session, request: SurveyRequest): Promise<TableSurvey> {
  const { plan } = request;
  const present = await readColumnTypes(session, plan.table);
  if (present.size === 0) throw nothingToAdopt(plan);
  const { missing, fitted } = fitTable(plan, present);
  const stamp = findStampColumn(plan, present, columnTypeOf);
  const facts = await readFacts(session, request, { present, stamp });
  return surveyOf(plan, facts, { types: present, missing, fitted, stamp });
}

/** One transaction: versions, and a ledger row with the positions that they earn. */
export async function adoptInTransaction(session: Session, request: AdoptRequest): Promise<TransactionEnd<Adoption>> {
  const { plan, run, firstStartedAt: sourceNow } = request;
  const step = adoptionStep(request);
  const { head, isRepeat } = await takePlace(session, step, step.batchId);
  if (isRepeat) {
    const { positions } = await readStreamState(session, step);
    return { end: 'rollback', value: { head, positions: positions! } };
  }
  const present = await readColumnTypes(session, plan.table);
  const stamp = findStampColumn(plan, present, columnTypeOf);
  const facts = await readFacts(session, { plan, run, sourceNow }, { present, stamp });
  const { entry, adoption } = concludeAdoption(request, head, facts);
  if (stamp !== null) await session.execute(buildFillVersions(plan, stamp), usableStamps(sourceNow));
  await appendBatch(session, entry, zeroCounts);
  return { end: 'commit', value: adoption };
}

async function readFacts(
  session: Session,
  { plan, run, sourceNow }: SurveyRequest,
  { present, stamp }: { readonly present: TableTypes; readonly stamp: StampColumn | null },
): Promise<TableFacts> {
  const batches = await countBatches(session, plan, run);
  const [row] = await session.query(
    buildCountRows(plan, { stamp, hasVersions: present.has('_version') }),
    usableStamps(sourceNow),
  );
  const newest = row!['newest'];
  return {
    batches,
    rows: numberOf(row, 'rows'),
    keyed: numberOf(row, 'keyed'),
    keys: numberOf(row, 'keys'),
    stampedRows: numberOf(row, 'stamped'),
    newestStamp: typeof newest === 'string' ? isoInstant(newest) : null,
  };
}

async function countBatches(session: Session, { stream, table }: StreamTable, run: string | null): Promise<number> {
  if (!(await hasTable(session, { schema: table.schema, table: 'sync_batches' }))) return 0;
  const [row] = await session.query(
    'SELECT CASE WHEN count(*) FILTER (run = $run) > 0 THEN 0 ELSE count(*) END AS batches ' +
      `FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = $stream`,
    { stream, run },
  );
  return numberOf(row, 'batches');
}

/** One row. Binds from and to. */
export function buildCountRows(
  { table, key }: Pick<StreamPlan, 'table' | 'key'>,
  { stamp, hasVersions }: { readonly stamp: StampColumn | null; readonly hasVersions: boolean },
): string {
  const versions = [...(hasVersions ? ['_version'] : []), ...(stamp === null ? [] : [buildStamp(stamp)])];
  return (
    'SELECT count(*) AS rows, count(key) AS keyed, count(DISTINCT key) AS keys, count(*) FILTER (is_stamped) AS stamped, ' +
    'max(version) FILTER (is_stamped) AS newest FROM (' +
    `SELECT *, ${buildIsUsable('version')} AS is_stamped FROM (` +
    `SELECT ${quoteIdentifier(key.name)} AS key, coalesce(${[...versions, 'NULL::TIMESTAMPTZ'].join(', ')}) AS version ` +
    `FROM ${quoteTable(table)}))`
  );
}

/** Rows that have a version keep it. Binds from and to. */
export function buildFillVersions({ table }: Pick<StreamPlan, 'table'>, stamp: StampColumn): string {
  const version = buildStamp(stamp);
  return `UPDATE ${quoteTable(table)} SET _version = ${version} WHERE _version IS NULL AND ${buildIsUsable(version)}`;
}

function buildStamp({ name, type }: StampColumn): string {
  return type === 'text' ? buildCast('timestamp', quoteIdentifier(name)) : quoteIdentifier(name);
}

function buildIsUsable(version: string): string {
  return `coalesce(${version} BETWEEN $from::TIMESTAMPTZ AND $to::TIMESTAMPTZ, false)`;
}
