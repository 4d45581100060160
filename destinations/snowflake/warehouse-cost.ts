/** A row of SHOW WAREHOUSES. */
export interface Warehouse {
  readonly name: string;
  /** `X-Small`, `2X-Large`, ... */
  readonly size: string;
  readonly isSuspended: boolean;
  readonly resumesItself: boolean;
  /** Null where it runs until somebody suspends it. */
  readonly autoSuspendSeconds: number | null;
}

/** docs.snowflake.com, "Overview of warehouses": each size twice the one before. Gen2 and Snowpark-optimized ones cost more. */
const sizes = ['xsmall', 'small', 'medium', 'large', 'xlarge', '2xlarge', '3xlarge', '4xlarge', '5xlarge', '6xlarge'];

/** A start is billed for this long at the least. */
const leastBilledSeconds = 60;
/** What the merges of one small incremental run take; measured in seconds, not in minutes. */
const mergeSeconds = 10;
const daySeconds = 86_400;

/** Null for a size that is not known. */
export function creditsPerHour(size: string): number | null {
  const place = sizes.indexOf(size.toLowerCase().replaceAll('-', ''));
  return place < 0 ? null : 2 ** place;
}

/**
 * The most that incremental runs by schedule can make a warehouse cost: each finds changes, and no two of them fall together,
 * since every stream's schedule has an offset of its own. Runs that find nothing start no warehouse. Null for a size that is not known.
 */
export function creditsPerDay(
  { size, autoSuspendSeconds }: Pick<Warehouse, 'size' | 'autoSuspendSeconds'>,
  gapsMs: readonly number[],
): number | null {
  const rate = creditsPerHour(size);
  if (rate === null || gapsMs.length === 0) return rate === null ? null : 0;
  const upSeconds =
    autoSuspendSeconds === null ? daySeconds : Math.max(leastBilledSeconds, mergeSeconds + autoSuspendSeconds);
  const share = gapsMs.reduce((sum, gapMs) => sum + Math.min(1, (upSeconds * 1_000) / gapMs), 0);
  return Math.min(1, share) * 24 * rate;
}

/** Two digits are all that such an estimate has. */
export function creditsText(credits: number): string {
  return String(Number(credits.toPrecision(2)));
}
