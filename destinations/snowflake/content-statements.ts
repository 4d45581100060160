import type { StreamPlan } from '../../model/plan.ts';
import { type ContentPlan, contentColumns, presentColumns } from '../../model/staged-columns.ts';
import { greatest, isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import { buildStagedRows, observedColumn, type StagedRows, versionColumn } from './load-statements.ts';
import { buildKeyMatch, type KeyRange } from './matching.ts';
import type { Statement } from './session.ts';
import { withinTransaction } from './within-transaction.ts';

/**
 * Merging loaded records: classify, then merge by the same conditions. Columns that were absent at the source are neither
 * compared nor written over: rows keep what they have.
 */

/** The staged records that have a key: what is merged. */
export interface StagedContent extends StagedRows {
  readonly range: KeyRange;
}

/**
 * One row: how many staged rows were compared, what becomes of them, and how many meet an erased one. A staged row that is
 * counted twice met a key that the table holds twice.
 */
export function buildClassify(plan: ContentPlan, staged: StagedContent): Statement {
  const on = buildKeyMatch(plan, { row: 't', staged: 's.v0', range: staged.range });
  const isFound = `t.${quoteIdentifier(plan.key.name)} IS NOT NULL`;
  return {
    sql:
      'SELECT COUNT(*) AS compared, COUNT_IF(is_new) AS inserted, COUNT_IF(wins OR revives) AS updated, ' +
      'COUNT_IF(is_same) AS unchanged, COUNT_IF(revives) AS revived, ' +
      'COUNT_IF(NOT (is_new OR wins OR revives OR is_same)) AS superseded, COUNT_IF(is_erased) AS erased FROM (' +
      `SELECT NOT (${isFound}) AS is_new, ${isFound} AND ${buildWins(plan)} AS wins, ${isFound} AND ${revives} AS revives, ` +
      `${isFound} AND NOT (${buildDiffers(plan)}) AND NOT ${isTrue('t._deleted')} AS is_same, ${buildIsErased('t')} AS is_erased ` +
      `FROM (${buildStagedRows(plan, staged)}) s LEFT JOIN ${quoteTable(plan.table)} t ON ${on.sql})`,
    binds: on.binds,
  };
}

/**
 * Content goes by (version, observed at), NULL version lowest, and content that nobody observed loses to any: the version of an
 * adopted row is another tool's word. An erased row has no version, yet nothing observed before its erasure comes back.
 */
function buildWins(plan: ContentPlan): string {
  const [version, observedAt] = [`s.${versionColumn(plan)}`, `s.${observedColumn(plan)}`];
  const isNewer =
    `(t._observed_at IS NULL OR ${version} > t._version OR (${version} IS NOT NULL AND t._version IS NULL) OR ` +
    `(${version} IS NOT DISTINCT FROM t._version AND ${observedAt} > t._observed_at))`;
  const isErasedSince = `(${buildIsErased('t')} AND ${observedAt} <= t._observed_at)`;
  return `(${isTrue(isNewer)} AND (${buildDiffers(plan)}) AND NOT ${isTrue(isErasedSince)})`;
}

/** Live or deleted goes by observation alone, whatever becomes of the content. */
const revives = isTrue('t._deleted AND (t._state_observed_at IS NULL OR s.state_at > t._state_observed_at)');

function buildDiffers(plan: ContentPlan): string {
  return presentColumns(plan)
    .filter(({ name }) => name !== '_observed_at')
    .map(({ name, position }) => `t.${quoteIdentifier(name)} IS DISTINCT FROM s.v${position}`)
    .join(' OR ');
}

/** A tombstone of which nothing but the id was kept. Content that arrives late for any other one is kept with it. */
export function buildIsErased(row: string): string {
  return isTrue(
    `${row}._deleted AND ${row}._version IS NULL AND ` +
      `${row}._observed_at IS NOT NULL AND ${row}._observed_at = ${row}._state_observed_at`,
  );
}

/**
 * Writes the rows that are new, the content that wins, and rows that were seen alive after they were flagged deleted. Its
 * changed rows are those that `buildClassify` counts as inserted and updated.
 */
export function buildMergeContent(plan: ContentPlan, staged: StagedContent, batchId: string): Statement {
  const on = buildKeyMatch(plan, { row: 't', staged: 's.v0', range: staged.range });
  const content = presentColumns(plan).map(({ name, position }) => `${quoteIdentifier(name)} = s.v${position}`);
  const revived = ['_deleted', '_deleted_at', '_merged_into'].map(
    (name) => `${name} = IFF(${revives}, ${name === '_deleted' ? 'FALSE' : 'NULL'}, t.${name})`,
  );
  const inserted = contentColumns(plan);
  const columns = [
    plan.key.name,
    ...inserted.map(({ name }) => name),
    '_state_observed_at',
    '_synced_at',
    '_deleted',
    '_batch_id',
  ];
  const values = [
    's.v0',
    ...inserted.map(({ position }) => `s.v${position}`),
    's.state_at',
    'CURRENT_TIMESTAMP()',
    'FALSE',
    '?',
  ];
  return {
    sql:
      `MERGE INTO ${quoteTable(plan.table)} t USING (SELECT * FROM (${buildStagedRows(plan, staged)}) WHERE ${withinTransaction}) s ON ${on.sql} ` +
      `WHEN MATCHED AND ${buildWins(plan)} THEN UPDATE SET ${[...content, ...revived].join(', ')}, ${stateObserved}, ${stamps} ` +
      `WHEN MATCHED AND ${revives} THEN UPDATE SET ${revived.join(', ')}, ${stateObserved}, ${stamps} ` +
      `WHEN NOT MATCHED THEN INSERT (${columns.map(quoteIdentifier).join(', ')}) VALUES (${values.join(', ')})`,
    binds: [...on.binds, batchId, batchId, batchId],
  };
}

const stateObserved = `_state_observed_at = ${greatest('t._state_observed_at', 's.state_at')}`;
const stamps = '_synced_at = CURRENT_TIMESTAMP(), _batch_id = ?';

/** The keys of staged rows that the table holds as erased. */
export function buildErasedMatches(plan: StreamPlan, staged: StagedContent): Required<Statement> {
  const on = buildKeyMatch(plan, { row: 't', staged: 's.v0', range: staged.range });
  return {
    sql:
      `SELECT t.${quoteIdentifier(plan.key.name)} FROM (${buildStagedRows(plan, staged)}) s ` +
      `JOIN ${quoteTable(plan.table)} t ON ${on.sql} WHERE ${buildIsErased('t')}`,
    binds: on.binds,
  };
}
