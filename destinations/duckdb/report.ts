import { emptyPart } from '../../model/batch.ts';
import type { DifferingIds, ListingReport, ListingReportRequest } from '../../model/comparison.ts';
import { nothingToCompare } from '../../model/stream-errors.ts';
import { asTableIs } from '../../model/fit-plan.ts';
import { columnTypeOf } from './column-types.ts';
import {
  bucketChecksums,
  buildCompareAlive,
  buildCountAlive,
  buildDiffering,
  buildLoadAlive,
  buildLoadSample,
  buildNameIds,
  comparedIs,
} from './report-statements.ts';
import type { Session, TransactionEnd } from './session.ts';
import { readColumnTypes } from './target-table.ts';

/** One transaction that is rolled back: it only ever has temporary tables. */
export async function reportInTransaction(
  session: Session,
  request: ListingReportRequest,
): Promise<TransactionEnd<ListingReport>> {
  const { listedSince, maxIds } = request;
  const sample = request.sample ?? { records: emptyPart, absentColumns: [] };
  const present = await readColumnTypes(session, request.table);
  if (present.size === 0) throw nothingToCompare(request.stream);
  const { plan, unknownColumns } = asTableIs(request.plan, present, columnTypeOf);

  await session.execute(buildLoadAlive(request));
  await session.execute(buildCompareAlive(plan), { listedSince });
  await session.execute(buildLoadSample(plan, sample.records));
  await session.execute(buildDiffering(plan, [...unknownColumns, ...sample.absentColumns]), { listedSince });

  const name = async (from: string): Promise<DifferingIds> => {
    const [row] = await session.query(buildNameIds(from), { maxIds });
    return { count: Number(row!['found']), ids: row!['ids'] as string[] };
  };
  const compared = (kind: keyof typeof comparedIs) => name(`(FROM _sluice_compared WHERE ${comparedIs[kind]})`);
  const [counted] = await session.query(buildCountAlive(plan));
  const buckets = await session.query(bucketChecksums);
  return {
    end: 'rollback',
    value: {
      sourceRecords: Number(counted!['source_records']),
      liveRows: Number(counted!['live_rows']),
      missing: await compared('missing'),
      extra: await compared('extra'),
      stale: await compared('stale'),
      differing: await name('_sluice_differing'),
      sampled: Number(counted!['sampled']),
      buckets: buckets.map((row) => ({
        bucket: Number(row['bucket']),
        source: String(row['source']),
        destination: String(row['destination']),
      })),
    },
  };
}
