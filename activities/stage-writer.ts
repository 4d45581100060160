import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssociationTable } from '../model/association.ts';
import {
  emptyPart,
  stageParts,
  type AssociationStage,
  type Stage,
  type StageKind,
  type StagePart,
  type StagePartName,
} from '../model/batch.ts';
import type { StagedRow, StageSink } from '../model/source.ts';
import type { TableName } from '../model/stream-table.ts';
import type { UnstagedValue } from '../model/unstaged-value.ts';
import { PartWriter, stageError } from './part-writer.ts';

/**
 * Writes one stage: rows in, CSV files for each form of them out. A file is created by its first row, and closed for good by
 * `seal`: rows that follow go to files of their own.
 */
export class StageWriter implements StageSink {
  readonly #directory: string;
  readonly #open = new Map<StagePartName, Promise<PartWriter>>();
  readonly #closed = new Map<StagePartName, StagePart>();
  readonly #tables = new Map<string, TableName>();
  #slice = 1;
  /** Calls under way: what one call writes must not be parted. */
  readonly #writing = new Set<Promise<void>>();
  /** The first write or close that failed: what was written since the last `seal` is then unknown, and may not be closed. */
  #failure: { readonly error: unknown } | null = null;

  /**
   * Creates the folder, readable by this user only. Raises `Unavailable` where the disk refuses, `ConfigInvalid` where rights
   * do. `closed` is what lies in the folder already.
   */
  static async open(directory: string, closed: Stage | null = null): Promise<StageWriter> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw stageError(error, directory);
    }
    const writer = new StageWriter(directory);
    if (closed !== null) writer.#take(closed);
    return writer;
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** `unstaged` are values that the rows lack. */
  async records(rows: readonly StagedRow[], unstaged: readonly UnstagedValue[] = []): Promise<void> {
    const writeBoth = async (): Promise<void> => {
      await this.#write('unstaged', unstaged);
      await this.#write('records', rows);
    };
    await this.#track(writeBoth());
  }

  async tombstones(rows: readonly StagedRow[]): Promise<void> {
    await this.#track(this.#write('tombstones', rows));
  }

  async associations(
    table: AssociationTable,
    read: { readonly heads: readonly StagedRow[]; readonly links: readonly StagedRow[] },
  ): Promise<void> {
    const name = table.table.table;
    this.#tables.set(name, table.table);
    const writeBoth = async (): Promise<void> => {
      await this.#write(`${name}-links`, read.links);
      await this.#write(`${name}-heads`, read.heads);
    };
    await this.#track(writeBoth());
  }

  /** Fsyncs and closes what was written since the last time. Where it rejects, none of that is sealed. */
  async seal(): Promise<void> {
    await this.#settled();
    const closed: [StagePartName, StagePart][] = [];
    for (const [name, part] of this.#open) {
      await this.#watch(async () => void closed.push([name, await (await part).close()]));
    }
    this.#throwFailure();
    this.#open.clear();
    if (closed.length > 0) this.#slice++;
    for (const [name, part] of closed) this.#add(name, part);
  }

  /** What is sealed, and no more. */
  sealed(kind: StageKind, absentColumns: readonly string[]): Stage {
    const partOf = (name: StagePartName): StagePart => this.#closed.get(name) ?? emptyPart;
    const associations = [...this.#tables].map(([name, table]): AssociationStage => ({
      table,
      heads: partOf(`${name}-heads`),
      links: partOf(`${name}-links`),
    }));
    const unstaged = this.#closed.get('unstaged');
    return {
      directory: this.#directory,
      kind,
      records: partOf('records'),
      tombstones: partOf('tombstones'),
      ...(unstaged === undefined ? {} : { unstaged }),
      associations,
      absentColumns,
    };
  }

  /** Fsyncs and closes: only what this returns may be merged. */
  async close(kind: StageKind, absentColumns: readonly string[]): Promise<Stage> {
    await this.seal();
    return this.sealed(kind, absentColumns);
  }

  /** Removes what was written since the last `seal`, and with it whatever failed. */
  async unwrite(): Promise<void> {
    await this.#settled();
    const open = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    for (const part of open) {
      if (part.status === 'fulfilled') await part.value.remove();
    }
    this.#failure = null;
  }

  /** Removes everything, after a failure. */
  async discard(): Promise<void> {
    await this.unwrite();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #take(stage: Stage): void {
    for (const { table } of stage.associations) this.#tables.set(table.table, table);
    for (const { name, part } of stageParts(stage)) this.#add(name, part);
    // A slice is counted by its first file, so none of the files has this number.
    this.#slice = 1 + [...this.#closed.values()].reduce((sum, { files }) => sum + files.length, 0);
  }

  #add(name: StagePartName, { rowCount, files }: StagePart): void {
    if (files.length === 0) return;
    const before = this.#closed.get(name) ?? emptyPart;
    this.#closed.set(name, { rowCount: before.rowCount + rowCount, files: [...before.files, ...files] });
  }

  async #watch(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  async #track(write: Promise<void>): Promise<void> {
    this.#writing.add(write);
    try {
      await write;
    } finally {
      this.#writing.delete(write);
    }
  }

  async #write(name: StagePartName, rows: readonly StagedRow[]): Promise<void> {
    if (rows.length === 0) return;
    let part = this.#open.get(name);
    if (part === undefined) {
      const file = this.#slice === 1 ? `${name}.csv` : `${name}.${this.#slice}.csv`;
      part = PartWriter.open(this.#directory, join(this.#directory, file));
      this.#open.set(name, part);
    }
    const opened = part;
    await this.#watch(async () => (await opened).write(rows));
    this.#throwFailure();
  }
}
