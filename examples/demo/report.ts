import { isEqual, type Comparison } from '../../simulators/verification/compare-with-truth.ts';
import type { DemoOptions } from './options.ts';

export interface DemoFigures {
  readonly options: DemoOptions;
  readonly comparison: Comparison;
  /** From the workflow's start to its close. */
  readonly runMs: number;
  readonly requests: number;
  readonly rateLimited: number;
  readonly peakTenSeconds: number;
  readonly runUrl: string;
  /** Where the rows are, in words. */
  readonly table: string;
  /** What the emulated account was asked; null for DuckDB. */
  readonly account: AccountUse | null;
}

export interface AccountUse {
  readonly statements: number;
  readonly uploads: number;
  readonly uploadedBytes: number;
  /** Summed time of the statements that Snowflake bills a warehouse for. */
  readonly warehouseMs: number;
}

const pageRecords = 100;

/** Milliseconds that the limit alone makes the pages take; null without a limit. */
export function floorMs({ contacts, limit }: Pick<DemoOptions, 'contacts' | 'limit'>): number | null {
  return limit === null ? null : (Math.ceil(contacts / pageRecords) / limit) * 10_000;
}

/** The demo's closing lines. */
export function reportText(figures: DemoFigures): string {
  const { options, comparison, runMs } = figures;
  const floor = floorMs(options);
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const count = (value: number): string => value.toLocaleString('en-US');
  const rate = count(Math.round((options.contacts / runMs) * 1_000));
  const against =
    floor === null ? 'no limit' : `${(runMs / floor).toFixed(2)} × the floor of ${seconds(floor)} that the limit sets`;
  const lines: [string, string][] = [
    ['rows', `${count(comparison.liveRows)}, ${verdict(comparison)}`],
    ['backfill', `${seconds(runMs)} (${rate} records/s), ${against}`],
    ['requests', `${count(figures.requests)}, of them ${figures.rateLimited} rate limited (429)`],
    ['limit', `${count(figures.peakTenSeconds)} in the busiest 10 s, of ${options.limit ?? 'unlimited'}`],
    ['run', figures.runUrl],
    ['table', figures.table],
  ];
  if (figures.account !== null) lines.push(['account', accountText(figures.account)]);
  return lines.map(([name, text]) => `  ${name.padEnd(10)}${text}`).join('\n');
}

function verdict(comparison: Comparison): string {
  const { missing, extra, duplicated, tombstones, differing, comparedValues } = comparison;
  if (isEqual(comparison)) return `all ${comparedValues.toLocaleString('en-US')} values equal to the simulator's`;
  const columns = differing.map(({ column, count }) => `${column} (${count})`).join(', ');
  return `NOT equal: ${missing.count} missing, ${extra.count} extra, ${duplicated.count} doubled, ${tombstones.count} wrong tombstones, differing: ${columns || 'none'}`;
}

/** The seconds are the emulator's: Snowflake's own are others. */
function accountText({ statements, uploads, uploadedBytes, warehouseMs }: AccountUse): string {
  const megabytes = (uploadedBytes / 1_000_000).toFixed(1);
  const seconds = (warehouseMs / 1_000).toFixed(1);
  return `${statements} statements, ${uploads} files (${megabytes} MB) staged; ${seconds} s of statements that need a warehouse, at the emulator's pace`;
}
