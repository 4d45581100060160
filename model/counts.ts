/** What became of the records of one batch, or the sum over a run. Each is a number of records unless said. */
export interface Counts {
  readonly read: number;
  /** Read more than once within a batch; the winner by (version, observed at) is counted below. */
  readonly duplicate: number;
  /** Without a usable key: kept whole in `sync_errors`, not written. */
  readonly rejected: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Older than what the table already holds. */
  readonly superseded: number;
  /** Values (not records) that did not convert: NULL in the table, kept in `sync_errors`. */
  readonly nulledValues: number;
  /** Values (not records) rounded half-even to nine decimals. */
  readonly roundedValues: number;
}

export const zeroCounts: Counts = {
  read: 0,
  duplicate: 0,
  rejected: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  superseded: 0,
  nulledValues: 0,
  roundedValues: 0,
};

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    read: a.read + b.read,
    duplicate: a.duplicate + b.duplicate,
    rejected: a.rejected + b.rejected,
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    superseded: a.superseded + b.superseded,
    nulledValues: a.nulledValues + b.nulledValues,
    roundedValues: a.roundedValues + b.roundedValues,
  };
}

/** Records read that no other count explains: 0 in every run that may be called green. */
export function unexplained(counts: Counts): number {
  return (
    counts.read -
    counts.duplicate -
    counts.rejected -
    counts.inserted -
    counts.updated -
    counts.unchanged -
    counts.superseded
  );
}

/** Records or values a person should look at: what gives a run exit code 3. */
export function rejects(counts: Counts): number {
  return counts.rejected + counts.nulledValues;
}
