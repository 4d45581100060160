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
  /** Of the read: tombstones, and not records. */
  readonly tombstones: number;
  /** Of the written: rows that became tombstones. */
  readonly deleted: number;
  /** Of the written: tombstones that are alive again. */
  readonly restored: number;
  /** Rows of which nothing but the id was kept: of the written, and those that had been merged into one of them. */
  readonly erased: number;
  /** Ids listed to be compared, and not merged themselves. */
  readonly listed: number;
  /** Tombstones not written, because a batch committed since may have seen the record alive: they are read again. */
  readonly doubtful: number;
  /** Associations new or changed, and associations that became tombstones. */
  readonly linked: number;
  readonly unlinked: number;
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
  tombstones: 0,
  deleted: 0,
  restored: 0,
  erased: 0,
  listed: 0,
  doubtful: 0,
  linked: 0,
  unlinked: 0,
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
    tombstones: a.tombstones + b.tombstones,
    deleted: a.deleted + b.deleted,
    restored: a.restored + b.restored,
    erased: a.erased + b.erased,
    listed: a.listed + b.listed,
    doubtful: a.doubtful + b.doubtful,
    linked: a.linked + b.linked,
    unlinked: a.unlinked + b.unlinked,
  };
}

/** Records and tombstones read that no other count explains: 0 in every run that may be called green. */
export function unexplained(counts: Counts): number {
  return (
    counts.read -
    counts.duplicate -
    counts.rejected -
    counts.inserted -
    counts.updated -
    counts.unchanged -
    counts.superseded -
    counts.doubtful
  );
}

/** Records or values a person should look at: what gives a run exit code 3. */
export function rejects(counts: Counts): number {
  return counts.rejected + counts.nulledValues;
}
