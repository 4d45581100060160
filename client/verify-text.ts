import type { RequestCounts } from '../model/batch.ts';
import type { DifferingIds, ListingReport } from '../model/comparison.ts';
import { countText } from './count-text.ts';

const maxIds = 10;

/** Whether source and table are the same, as far as they were compared. */
export function isEqual(report: ListingReport): boolean {
  const { missing, extra, stale, differing } = report;
  return [missing, extra, stale, differing].every(({ count }) => count === 0) && differingBuckets(report) === 0;
}

/** The report for a person: counts of both sides, and of each difference up to ten ids. */
export function verifyText(stream: string, report: ListingReport, requests: RequestCounts): string {
  const { sourceRecords, liveRows, buckets } = report;
  const lines: readonly (readonly [string, string])[] = [
    ['source', `${countText(sourceRecords)} records`],
    ['table', `${countText(liveRows)} live rows`],
    ['missing', differenceText(report.missing)],
    ['extra', differenceText(report.extra)],
    ['stale', differenceText(report.stale)],
    ['differing', `${differenceText(report.differing)} of ${countText(report.sampled)} sampled`],
    ['checksums', `${countText(differingBuckets(report))} of ${countText(buckets.length)} buckets differ`],
    ['requests', countText(requests.requests)],
  ];
  const verdict = isEqual(report) ? 'equal to its source' : 'differs from its source';
  return [`${stream}: ${verdict}`, ...lines.map(([label, text]) => `  ${label.padEnd(11)}${text}`)]
    .map((line) => `${line}\n`)
    .join('');
}

function differingBuckets({ buckets }: ListingReport): number {
  return buckets.filter(({ source, destination }) => source !== destination).length;
}

function differenceText({ count, ids }: DifferingIds): string {
  if (count === 0) return '0';
  const more = count > Math.min(maxIds, ids.length) ? ', …' : '';
  return `${countText(count)} (${ids.slice(0, maxIds).join(', ')}${more})`;
}
