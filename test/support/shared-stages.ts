import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { movedStage, type Stage, type StagePart } from '../../model/batch.ts';
import type { Destination } from '../../model/destination.ts';
import { uploadedRunFolder, type RemoteStages, type StageUpload, type UploadedRun } from '../../model/remote-stages.ts';
import type { StagedRun } from '../../model/staged-run.ts';

/** A folder in the place of a cloud's stage: files are copied there, and whoever merges reads them from there. */
export class SharedStages implements RemoteStages {
  readonly #root: string;
  /** Every upload that was asked for, in order. */
  readonly uploads: StageUpload[] = [];
  /** What the next uploads fail with, one after another. */
  readonly failures: Error[] = [];
  onUploaded: (upload: StageUpload) => Promise<void> = async () => {};

  constructor(root: string) {
    this.#root = root;
  }

  async putFiles(upload: StageUpload, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.uploads.push(upload);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const folder = join(this.#root, upload.directory);
    await mkdir(folder, { recursive: true });
    for (const path of upload.paths) await copyFile(path, join(folder, basename(path)));
    await this.onUploaded(upload);
  }

  /** Removes what one upload brought, as if it had never been. */
  async lose({ directory }: StageUpload): Promise<void> {
    await rm(join(this.#root, directory), { recursive: true });
  }

  async removeRun(run: UploadedRun): Promise<void> {
    await rm(join(this.#root, uploadedRunFolder(run)), { recursive: true, force: true });
  }

  async removeOtherRuns({ schema, stream, mode, run }: UploadedRun): Promise<void> {
    const folder = join(this.#root, schema, stream, mode);
    for (const name of await readdir(folder).catch(() => [])) {
      if (name !== run) await rm(join(folder, name), { recursive: true });
    }
  }

  async listRuns({ schema }: { schema: string }): Promise<StagedRun[]> {
    const runs = new Map<string, StagedRun>();
    for (const path of await this.files(schema)) {
      const [, stream = '', mode = '', run = ''] = path.split('/');
      const { size, mtime } = await stat(join(this.#root, path));
      const sizeBytes = (runs.get(`${stream}/${mode}/${run}`)?.sizeBytes ?? 0) + size;
      runs.set(`${stream}/${mode}/${run}`, { stream, mode, run, sizeBytes, modifiedAt: mtime.toISOString() });
    }
    return [...runs.values()];
  }

  /** Paths of all files of a schema. */
  async files(schema: string): Promise<string[]> {
    const entries = await readdir(join(this.#root, schema), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(this.#root.length + 1));
  }

  /** The same destination, which takes stages from here alone. */
  of(destination: Destination): Destination {
    const found = ({ rowCount, files }: StagePart): StagePart => ({
      rowCount,
      files: files.map((file) => ({ ...file, path: join(this.#root, file.path) })),
    });
    const foundStage = (stage: Stage): Stage => movedStage(stage, join(this.#root, stage.directory), found);
    return {
      ...destination,
      ownerQueue: null,
      stages: this,
      mergeBatch: (request, signal) => {
        const stage = foundStage(request.batch.stage);
        return destination.mergeBatch({ ...request, batch: { ...request.batch, stage } }, signal);
      },
      reportListing: (request, signal) => {
        const { listing, archived, sample } = request;
        const parts = { listing: found(listing), archived: found(archived) };
        return destination.reportListing(
          { ...request, ...parts, sample: sample === null ? null : foundStage(sample) },
          signal,
        );
      },
    };
  }
}
