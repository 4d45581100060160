import type { Counts } from './counts.ts';
import type { Frontier } from './frontier.ts';
import type { TableName } from './stream-table.ts';

/** One closed, fsynced file of a stage. */
export interface StageFile {
  readonly path: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  /** Hex, of the file's bytes. */
  readonly sha256: string;
}

/** Staged rows of one form. */
export interface StagePart {
  readonly files: readonly StageFile[];
  readonly rowCount: number;
}

export type StagePartName = 'records' | 'tombstones' | 'unstaged' | `${string}-heads` | `${string}-links`;

export const emptyPart: StagePart = { files: [], rowCount: 0 };

/**
 * What the record rows of a stage are for: `content` is merged into the table, a `listing` only tells that the ids are at the
 * source, with the values of the listed columns.
 */
export type StageKind = 'content' | 'listing';

/** Associations read with a chunk, for one table. Rows are `StagedHead` and `StagedLink`. */
export interface AssociationStage {
  readonly table: TableName;
  readonly heads: StagePart;
  readonly links: StagePart;
}

/**
 * A chunk between extract and merge: CSV without a header (rule 8 of docs/spec.md). The columns of its records are those
 * of `stagedColumns(plan)`, or of the listing's plan, in that order.
 */
export interface Stage {
  readonly directory: string;
  readonly kind: StageKind;
  readonly records: StagePart;
  /** Rows are `StagedTombstone`. */
  readonly tombstones: StagePart;
  readonly associations: readonly AssociationStage[];
  /** Rows are `UnstagedValue`. Absent where every value was staged. */
  readonly unstaged?: StagePart;
  /** Columns, by name, whose property the source had no longer while this chunk was read: the table keeps what it has. */
  readonly absentColumns: readonly string[];
}

/** Every part of a stage, each with a name of its own. */
export function stageParts(stage: Stage): { readonly name: StagePartName; readonly part: StagePart }[] {
  const { records, tombstones, unstaged, associations } = stage;
  return [
    { name: 'records', part: records },
    { name: 'tombstones', part: tombstones },
    ...(unstaged === undefined ? [] : [{ name: 'unstaged' as const, part: unstaged }]),
    ...associations.flatMap(({ table: { table }, heads, links }) => [
      { name: `${table}-heads` as const, part: heads },
      { name: `${table}-links` as const, part: links },
    ]),
  ];
}

export function stageFiles(stage: Stage): StageFile[] {
  return stageParts(stage).flatMap(({ part }) => [...part.files]);
}

/** The same stage in another place, of other files. `moved` is asked about every part, under the name that `stageParts` gives it. */
export function movedStage(
  stage: Stage,
  directory: string,
  moved: (part: StagePart, name: StagePartName) => StagePart,
): Stage {
  const { records, tombstones, unstaged, associations, ...rest } = stage;
  return {
    ...rest,
    directory,
    records: moved(records, 'records'),
    tombstones: moved(tombstones, 'tombstones'),
    ...(unstaged === undefined ? {} : { unstaged: moved(unstaged, 'unstaged') }),
    associations: associations.map(({ table, heads, links }) => ({
      table,
      heads: moved(heads, `${table.table}-heads`),
      links: moved(links, `${table.table}-links`),
    })),
  };
}

/**
 * A staged chunk, minted when its stage closed. Only attempts of its one merge share `batchId`: extracting the same
 * frontier again gives another batch, since parallel reading is not repeatable.
 */
export interface Batch {
  readonly batchId: string;
  /** 1 for a run's first batch, then without gaps. */
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly stage: Stage;
  readonly frontierAfter: Frontier;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  /** Ids of the batches that were joined into this one, which is the last of them; absent where it stands alone. */
  readonly joined?: readonly string[];
}

export interface RequestCounts {
  readonly requests: number;
  readonly rateLimited: number;
  readonly retried: number;
  readonly receivedBytes: number;
}

export const zeroRequests: RequestCounts = { requests: 0, rateLimited: 0, retried: 0, receivedBytes: 0 };

export function addRequests(a: RequestCounts, b: RequestCounts): RequestCounts {
  return {
    requests: a.requests + b.requests,
    rateLimited: a.rateLimited + b.rateLimited,
    retried: a.retried + b.retried,
    receivedBytes: a.receivedBytes + b.receivedBytes,
  };
}

/** How far a run has come in the ledger: its last committed batch, or where it began when nothing is committed yet. */
export interface LedgerHead {
  readonly sequence: number;
  readonly batchId: string | null;
  readonly frontier: Frontier;
  /** Over all committed batches of the run. */
  readonly totals: Counts;
  readonly requests: RequestCounts;
}
