import type { TableName } from './stream-table.ts';

/** Associations from a stream's records to those of another object, as one table. */
export interface AssociationTable {
  /** The object at the other end, as the source calls it. */
  readonly to: string;
  readonly table: TableName;
  /** Tables of the pipeline’s streams that hold the records at the other end; left out where there are none. */
  readonly ends?: readonly TableName[];
}

/** A record whose associations to one object were read completely: what the table has beyond them is gone. */
export type StagedHead = readonly [fromId: string, observedAt: string];

/** One association of a head. A pair may be associated more than once, under different types. */
export type StagedLink = readonly [
  fromId: string,
  toId: string,
  category: string,
  typeId: string,
  label: string | null,
  observedAt: string,
];

/** `assoc_<from>_<to>`, in the schema of the stream's own table. */
export function associationTableName(from: string, to: string): string {
  return `assoc_${from}_${to}`.toLowerCase();
}
