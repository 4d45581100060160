import type { RequestCounts } from './batch.ts';
import type { ListingReport } from './comparison.ts';
import type { RejectRow, RunRow } from './destination.ts';
import type { Finding } from './finding.ts';
import type { ObjectDescription, ObjectSummary } from './source.ts';

/** One look at source, destination or ledger, by the worker that holds their connections. */
export type InspectInput =
  /** Without `pipelines`, all of the config. */
  | { readonly verb: 'check'; readonly pipelines?: readonly string[] }
  /** `object` is given as the stream's or the source's name for it. */
  | { readonly verb: 'discover'; readonly pipeline: string; readonly object?: string }
  | { readonly verb: 'errors'; readonly stream: string; readonly limit?: number }
  | { readonly verb: 'history'; readonly stream: string; readonly limit?: number }
  | { readonly verb: 'rows'; readonly streams: readonly string[] }
  /** Compares source and table, `sample` records (1,000 by default) value for value, and changes neither. */
  | { readonly verb: 'verify'; readonly stream: string; readonly sample?: number };

export type InspectVerb = InspectInput['verb'];

export interface InspectResults {
  readonly check: { readonly verb: 'check'; readonly findings: readonly Finding[] };
  readonly discover:
    | { readonly verb: 'discover'; readonly kind: 'objects'; readonly objects: readonly ObjectSummary[] }
    | {
        readonly verb: 'discover';
        readonly kind: 'object';
        readonly description: ObjectDescription;
        readonly summary: ObjectSummary;
      };
  readonly errors: {
    readonly verb: 'errors';
    readonly stream: string;
    readonly total: number;
    readonly rows: readonly RejectRow[];
  };
  readonly history: { readonly verb: 'history'; readonly stream: string; readonly runs: readonly RunRow[] };
  readonly verify: {
    readonly verb: 'verify';
    readonly stream: string;
    readonly report: ListingReport;
    readonly requests: RequestCounts;
  };
  /** Null for a stream that has no table yet. */
  readonly rows: {
    readonly verb: 'rows';
    readonly counts: Readonly<Record<string, { readonly live: number; readonly deleted: number } | null>>;
  };
}

export type InspectResult = InspectResults[InspectVerb];
