import { identifier } from './duckdb-text.ts';
import { TruthSession, type Difference, type SessionRequest } from './truth-session.ts';

export interface AssociationComparisonRequest extends SessionRequest {
  readonly schema: string;
  readonly table: string;
  /** The objects at both ends, as the simulator calls them. */
  readonly from: string;
  readonly to: string;
}

export interface AssociationComparison {
  readonly sourceLinks: number;
  readonly liveLinks: number;
  /** By both ids, category, type and label, joined by spaces. */
  readonly missing: Difference;
  readonly extra: Difference;
  /** More than one row, live or not, for the same ids, category and type. */
  readonly duplicated: Difference;
}

export function areAssociationsEqual({ missing, extra, duplicated }: AssociationComparison): boolean {
  return missing.count + extra.count + duplicated.count === 0;
}

/** Compares the live rows of an association table with what the simulator says is associated, as `compareWithTruth`. */
export async function compareAssociationsWithTruth(
  request: AssociationComparisonRequest,
): Promise<AssociationComparison> {
  await using session = await TruthSession.open(request);
  await session.loadTruth('source', {
    path: `truth-associations/${request.from}/${request.to}`,
    columns: ['from', 'to', 'category', 'type_id', 'label'],
  });
  const table = `loaded.${identifier(request.schema)}.${identifier(request.table)}`;
  await session.run(`CREATE TEMP TABLE truth AS
    SELECT concat_ws(' ', "from", "to", category, type_id, label) AS id FROM source`);
  await session.run(`CREATE TEMP TABLE every AS
    SELECT concat_ws(' ', from_id, to_id, category, type_id) AS key, concat_ws(' ', key, label) AS id, _deleted
    FROM ${table}`);
  await session.run('CREATE TEMP VIEW live AS SELECT id FROM every WHERE NOT _deleted');
  const counts = await session.rows('SELECT (SELECT count(*) FROM truth), (SELECT count(*) FROM live)');
  const [sourceLinks, liveLinks] = counts[0]!.map(Number);
  return {
    sourceLinks: sourceLinks!,
    liveLinks: liveLinks!,
    missing: await session.difference('SELECT id FROM truth ANTI JOIN live USING (id)'),
    extra: await session.difference('SELECT id FROM live ANTI JOIN truth USING (id)'),
    duplicated: await session.difference('SELECT key AS id FROM every GROUP BY key HAVING count(*) > 1'),
  };
}
