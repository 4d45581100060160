/** Which rejects are meant: all of a stream's, unless more is said. */
export interface RejectFilter {
  /** Name of a column, in any case. */
  readonly column?: string;
  /** Part of the reason, in any case. */
  readonly reason?: string;
  /** ISO instant: those kept at or after it. */
  readonly since?: string;
}

/** A rejected record or value: which and why, never the value. */
export interface RejectRow {
  readonly run: string;
  readonly recordId: string | null;
  readonly column: string | null;
  readonly reason: string;
  readonly sourceType: string | null;
  readonly columnType: string | null;
  readonly createdAt: string;
}

/** Rejects of one stream that have the same cause. */
export interface RejectGroup {
  readonly column: string | null;
  readonly reason: string;
  readonly sourceType: string | null;
  readonly columnType: string | null;
  readonly rejects: number;
  /** Different ids among them. */
  readonly records: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** A reject as the worker exports it; it does not cross Temporal. */
export interface KeptReject extends RejectRow {
  /** A record that has no usable key is kept whole, as JSON by property; of all others only the value. */
  readonly kept: 'record' | 'value';
  /** Null also where nothing is kept any more, since the record was erased. */
  readonly payload: string | null;
}

export interface RejectedIds {
  /** Of all different ids that the filter finds. */
  readonly total: number;
  /** The next ones, in the order of their texts; only those that can be a key. */
  readonly ids: readonly string[];
}
