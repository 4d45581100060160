/** A folder of staged files: of a stream, a mode (or `verify`) and a run. */
export interface StagedRunName {
  readonly stream: string;
  readonly mode: string;
  readonly run: string;
}

/** What is staged of one run. */
export interface StagedRun extends StagedRunName {
  readonly sizeBytes: number;
  /** ISO: when something was last written there. */
  readonly modifiedAt: string;
}

/** Where a destination keeps what was uploaded. */
export interface UploadPlace {
  /** In the config's `destinations`. */
  readonly destination: string;
  /** Of the tables that it is for. */
  readonly schema: string;
}
