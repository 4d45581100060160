import { canonicalText, identifier, literal, type TableColumn } from './duckdb-text.ts';
import type { Difference, TruthSession } from './truth-session.ts';

export interface TombstoneComparison {
  /**
   * Rows flagged as deleted whose record is not gone, or that say wrongly when it was archived or what it was merged
   * into. Where all that it was merged into is gone too, nothing need be said of that.
   */
  readonly tombstones: Difference;
  /** Ids that should be erased, whose rows still hold a value or pass for live. */
  readonly unerased: Difference;
}

export interface TombstoneRequest {
  readonly schema: string;
  readonly table: string;
  readonly object: string;
  readonly columns: readonly TableColumn[];
  /** SQL that says which ids count. */
  readonly only: string;
  readonly erasedIds: readonly string[];
}

const isWrong = `gone.id IS NULL OR CASE gone.status
  WHEN 'merged' THEN CASE
    WHEN gone.survivor IS NOT NULL THEN dead.merged_into IS DISTINCT FROM gone.survivor
    ELSE NOT coalesce(list_contains(string_split(gone.merged_into, ';'), dead.merged_into), true) END
  WHEN 'archived' THEN dead.deleted_at IS DISTINCT FROM gone.archived_at OR dead.merged_into IS NOT NULL
  ELSE dead.merged_into IS NOT NULL END`;

export async function compareTombstones(
  session: TruthSession,
  request: TombstoneRequest,
): Promise<TombstoneComparison> {
  await session.loadTruth('gone', {
    path: `truth-gone/${request.object}`,
    columns: ['id', 'status', 'archived_at', 'merged_into', 'survivor'],
  });
  const from = `loaded.${identifier(request.schema)}.${identifier(request.table)}`;
  const deletedAt = canonicalText({ name: '_deleted_at', type: 'TIMESTAMP WITH TIME ZONE' });
  await session.run(
    `CREATE TEMP TABLE dead AS SELECT CAST(id AS VARCHAR) AS id, ${deletedAt} AS deleted_at,
       CAST(_merged_into AS VARCHAR) AS merged_into
     FROM ${from} WHERE _deleted AND ${request.only}`,
  );
  return {
    tombstones: await session.difference(`SELECT dead.id AS id FROM dead LEFT JOIN gone USING (id) WHERE ${isWrong}`),
    unerased: await session.difference(unerased(from, request)),
  };
}

function unerased(from: string, { columns, erasedIds }: TombstoneRequest): string {
  const held = columns.filter(({ name }) => name !== '_version').map(({ name }) => `${identifier(name)} IS NOT NULL`);
  const ids = erasedIds.map(literal).join(', ') || 'NULL';
  return `SELECT CAST(id AS VARCHAR) AS id FROM ${from}
    WHERE CAST(id AS VARCHAR) IN (${ids}) AND (${['_deleted IS NOT TRUE', ...held].join(' OR ')})`;
}
