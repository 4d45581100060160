import { emptyPart } from '../../model/batch.ts';
import type { DifferingIds, ListingReport, ListingReportRequest } from '../../model/comparison.ts';
import { asTableIs } from '../../model/fit-plan.ts';
import { listingLost, nothingToCompare } from '../../model/stream-errors.ts';
import { readColumnTypes } from './catalogue.ts';
import { columnTypeOf } from './column-types.ts';
import {
  buildChecksums,
  buildCompareAlive,
  buildCountAlive,
  buildCreateCompared,
  buildDropReport,
  buildNameDifferences,
  type Difference,
  reportStaging,
} from './report-statements.ts';
import { numberOf, type Session, type SqlRow } from './session.ts';
import { loadStaging } from './staging.ts';

/** Compares by temporary tables only, and drops them: nothing of a report stays. */
export async function reportInSession(
  session: Session,
  request: ListingReportRequest,
  location: string,
): Promise<ListingReport> {
  const present = await readColumnTypes(session, request.table);
  if (present.size === 0) throw nothingToCompare(request.stream);
  const { plan, unknownColumns } = asTableIs(request.plan, present, columnTypeOf);
  const staging = reportStaging(plan);
  const sample = request.sample ?? { records: emptyPart, absentColumns: [] };
  const parts = [
    [staging.listing, request.listing],
    [staging.archived, request.archived],
    [staging.sample, sample.records],
  ] as const;
  for (const [table, part] of parts) {
    if (!(await loadStaging(session, table, { location, part }))) throw listingLost(request.stream);
  }
  await session.execute(buildCreateCompared(plan, staging));
  await session.execute(buildCompareAlive(plan, staging, request));
  const [counted] = await session.query(buildCountAlive(plan, staging));
  const absentColumns = [...unknownColumns, ...sample.absentColumns];
  const named = await session.query(buildNameDifferences(plan, staging, { ...request, absentColumns }));
  const checksums = await session.query(buildChecksums(staging));
  for (const statement of buildDropReport(staging)) await session.execute(statement);
  return {
    sourceRecords: numberOf(counted, 'source_records'),
    liveRows: numberOf(counted, 'live_rows'),
    missing: idsOf(named, 'missing'),
    extra: idsOf(named, 'extra'),
    stale: idsOf(named, 'stale'),
    differing: idsOf(named, 'differing'),
    sampled: numberOf(counted, 'sampled'),
    buckets: bucketsOf(checksums),
  };
}

function idsOf(rows: readonly SqlRow[], kind: Difference): DifferingIds {
  const named = rows.filter((row) => row['kind'] === kind);
  return { count: numberOf(named[0], 'found'), ids: named.map((row) => String(row['id_text'])) };
}

const bucketCount = 16;

/** Those without ids, too. */
function bucketsOf(rows: readonly SqlRow[]): ListingReport['buckets'] {
  const byDigit = new Map(rows.map((row) => [row['bucket'], row]));
  return Array.from({ length: bucketCount }, (_, bucket) => {
    const row = byDigit.get(bucket.toString(16));
    return { bucket, source: String(row?.['source'] ?? '0'), destination: String(row?.['destination'] ?? '0') };
  });
}
