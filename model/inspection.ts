import type { TableSurvey } from './adoption.ts';
import type { RequestCounts } from './batch.ts';
import type { ListingReport } from './comparison.ts';
import type { CostReport } from './cost.ts';
import type { OpenRunRecord, RunRow } from './destination.ts';
import type { Finding } from './finding.ts';
import type { Positions } from './positions.ts';
import type { RejectedIds, RejectFilter, RejectGroup, RejectRow } from './reject.ts';
import type { ObjectDescription, ObjectSummary, SourceUsage } from './source.ts';
import type { StagedRun, UploadPlace } from './staged-run.ts';
import type { TableName } from './stream-table.ts';

/** One look at source, destination or ledger, by the worker that holds their connections. */
export type InspectInput =
  /** Without `pipelines`, all of the config. */
  | { readonly verb: 'check'; readonly pipelines?: readonly string[] }
  /** What `sluice doctor` cannot see from outside. By any worker, and without opening a destination. */
  | { readonly verb: 'examine'; readonly of: readonly string[] }
  /** `object` is given as the stream's or the source's name for it. */
  /** With `fill`, the properties of an object are counted in a sample of so many records. */
  | { readonly verb: 'discover'; readonly pipeline: string; readonly object?: string; readonly fill?: number }
  | ({ readonly verb: 'errors'; readonly stream: string; readonly limit?: number } & RejectFilter)
  | ({ readonly verb: 'errorGroups'; readonly streams: readonly string[] } & RejectFilter)
  /** Ids of a group, up to 1,000 a time, from after `after` on. */
  | ({ readonly verb: 'errorIds'; readonly stream: string; readonly after: string | null } & RejectFilter)
  /** Written to a file on the worker's machine: rejects may be many, and their values stay there. */
  | ({ readonly verb: 'exportErrors'; readonly stream: string } & ExportForm & RejectFilter)
  | { readonly verb: 'history'; readonly stream: string; readonly limit?: number }
  /** `exact`: count also where a look costs money. */
  | { readonly verb: 'rows'; readonly streams: readonly string[]; readonly exact?: boolean }
  /** What runs have cost since an instant, as far as destinations tell; this itself costs where they are metered. */
  | { readonly verb: 'cost'; readonly streams: readonly string[]; readonly since: string }
  /** Whether a destination is in order, and what its ledger has as running. The streams are of one destination. */
  | { readonly verb: 'ledger'; readonly streams: readonly string[] }
  /** What adopting the stream's table would do. */
  | { readonly verb: 'adoption'; readonly stream: string }
  /** Compares source and table, `sample` records (1,000 by default) value for value, and changes neither. */
  | { readonly verb: 'verify'; readonly stream: string; readonly sample?: number };

export interface ExportForm {
  readonly format: 'csv' | 'jsonl';
  /** Values of hashed properties are left out in either case. */
  readonly values: 'include' | 'leaveOut';
}

export type InspectVerb = InspectInput['verb'];

export interface InspectResults {
  readonly check: { readonly verb: 'check'; readonly findings: readonly Finding[] };
  readonly examine: {
    readonly verb: 'examine';
    readonly worker: string;
    /** ISO, by the worker's clock. */
    readonly now: string;
    readonly sources: readonly ExaminedSource[];
    readonly destinations: readonly ExaminedDestination[];
    readonly stages: readonly ExaminedStage[];
  };
  readonly cost: { readonly verb: 'cost'; readonly destinations: readonly DestinationCost[] };
  readonly discover:
    | { readonly verb: 'discover'; readonly kind: 'objects'; readonly objects: readonly ObjectSummary[] }
    | {
        readonly verb: 'discover';
        readonly kind: 'object';
        readonly description: ObjectDescription;
        readonly summary: ObjectSummary;
        /** Null unless asked for. */
        readonly fill: FillSample | null;
      };
  readonly errors: {
    readonly verb: 'errors';
    readonly stream: string;
    readonly total: number;
    readonly rows: readonly RejectRow[];
  };
  readonly errorGroups: {
    readonly verb: 'errorGroups';
    /** Of all groups. */
    readonly total: number;
    /** Smaller than those that are told. */
    readonly omittedGroups: number;
    readonly groups: readonly (RejectGroup & { readonly stream: string })[];
  };
  readonly errorIds: { readonly verb: 'errorIds'; readonly stream: string } & RejectedIds;
  readonly exportErrors: {
    readonly verb: 'exportErrors';
    readonly stream: string;
    readonly id: string;
    /** On the worker's machine: `<stages>/<stream>/exports/<id>`. */
    readonly folder: string;
    readonly file: string;
    readonly rejects: number;
  };
  readonly history: { readonly verb: 'history'; readonly stream: string; readonly runs: readonly RunRow[] };
  readonly verify: {
    readonly verb: 'verify';
    readonly stream: string;
    readonly report: ListingReport;
    readonly requests: RequestCounts;
  };
  readonly adoption: {
    readonly verb: 'adoption';
    readonly stream: string;
    readonly table: TableName;
    readonly survey: TableSurvey;
    /** Where incremental runs would begin. */
    readonly positions: Positions;
    /** From an index that may lag; null where it could not be counted. */
    readonly sourceRecords: number | null;
  };
  readonly ledger: {
    readonly verb: 'ledger';
    readonly findings: readonly Finding[];
    /** Null where the destination cannot be opened, which `findings` explain. */
    readonly openRuns: readonly OpenRunRow[] | null;
  };
  /** Null for a stream that has no table yet. */
  readonly rows: {
    readonly verb: 'rows';
    readonly counts: Readonly<Record<string, { readonly live: number; readonly deleted: number } | null>>;
  };
}

export interface DestinationCost {
  /** In the config's `destinations`. */
  readonly destination: string;
  /** Those of the streams asked about that go there. */
  readonly streams: readonly string[];
  /** Null where nothing is metered. */
  readonly report: CostReport | null;
}

export interface ExaminedSource {
  /** In the config's `sources`. */
  readonly name: string;
  readonly findings: readonly Finding[];
  /** Null where it could not be asked, which `findings` explain. */
  readonly usage: SourceUsage | null;
}

export interface ExaminedDestination {
  /** In the config's `destinations`. */
  readonly name: string;
  /** Those of the streams asked about that go there. */
  readonly streams: readonly string[];
  readonly ownerQueue: string | null;
  /** Whether a look into it costs money. */
  readonly isMetered: boolean;
  /** Why it cannot be opened with this config; null where it can. */
  readonly problem: Finding | null;
  /** Why it does not tell what was uploaded to it; null where it does, and where nothing ever is. */
  readonly stagesProblem: Finding | null;
}

export interface ExaminedStage extends StagedRun {
  /** Absent for what lies on the worker's own disk. */
  readonly uploadedTo?: UploadPlace;
}

export interface OpenRunRow extends OpenRunRecord {
  readonly stream: string;
}

/** How often each property has a value among some records. */
export interface FillSample {
  /** Which records were read. */
  readonly taken: 'createdLast' | 'listedFirst' | 'all';
  readonly records: number;
  /** By property: records in which it is neither NULL nor empty. */
  readonly filled: Readonly<Record<string, number>>;
  readonly requests: RequestCounts;
}

export type InspectResult = InspectResults[InspectVerb];
