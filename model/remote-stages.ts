import type { StagedRun, StagedRunName } from './staged-run.ts';

/** What one run has uploaded for tables of one schema. */
export interface UploadedRun extends StagedRunName {
  readonly schema: string;
}

export interface StageUpload {
  readonly schema: string;
  /** `<schema>/<stream>/<mode>/<run>/<attempt at a chunk>`: letters, digits and `._$-` between the slashes. */
  readonly directory: string;
  /** Gzip files of this machine; each keeps its name. One that is there already is replaced. */
  readonly paths: readonly string[];
}

/**
 * Stages at the destination, which every worker reaches: what one has read, another one may merge. A `Stage` that was uploaded
 * has paths below here, and the merge reads the files from here; one that is not there any more is a stage lost. All of it costs no
 * compute, may be repeated, and raises `SyncError`. Where nothing was ever uploaded there is nothing to be removed or listed.
 */
export interface RemoteStages {
  /** Resolves when every file is there, whole. What it leaves on the way to a failure may stay. */
  putFiles(upload: StageUpload, signal: AbortSignal): Promise<void>;
  removeRun(run: UploadedRun, signal: AbortSignal): Promise<void>;
  /** Of the stream and mode, all runs but this one. */
  removeOtherRuns(run: UploadedRun, signal: AbortSignal): Promise<void>;
  listRuns(of: { readonly schema: string }, signal: AbortSignal): Promise<StagedRun[]>;
}

export function uploadedRunFolder({ run, ...of }: UploadedRun): string {
  return `${uploadedModeFolder(of)}/${run}`;
}

/** Of all runs of a stream and mode. */
export function uploadedModeFolder({ schema, stream, mode }: Omit<UploadedRun, 'run'>): string {
  return `${schema}/${stream}/${mode}`;
}
