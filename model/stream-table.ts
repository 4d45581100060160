export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A stream and where its rows are. */
export interface StreamTable {
  /** `pipeline.stream`, the key of every system table. */
  readonly stream: string;
  readonly table: TableName;
}
