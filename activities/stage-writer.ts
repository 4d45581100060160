import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssociationTable } from '../model/association.ts';
import { emptyPart, type AssociationStage, type Stage, type StageKind, type StagePart } from '../model/batch.ts';
import type { StagedRow, StageSink } from '../model/source.ts';
import { PartWriter, stageError } from './part-writer.ts';

type PartName = 'records' | 'tombstones' | `${string}-heads` | `${string}-links`;

/** Writes one stage: rows in, a CSV file for each form of them out. A file is created by its first row. */
export class StageWriter implements StageSink {
  readonly #directory: string;
  readonly #parts = new Map<PartName, Promise<PartWriter>>();
  readonly #tables = new Map<string, AssociationTable>();

  /** Creates the folder, readable by this user only. Raises `Unavailable` where the disk refuses, `ConfigInvalid` where rights do. */
  static async open(directory: string): Promise<StageWriter> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw stageError(error, directory);
    }
    return new StageWriter(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  async records(rows: readonly StagedRow[]): Promise<void> {
    await this.#write('records', rows);
  }

  async tombstones(rows: readonly StagedRow[]): Promise<void> {
    await this.#write('tombstones', rows);
  }

  async associations(
    table: AssociationTable,
    read: { readonly heads: readonly StagedRow[]; readonly links: readonly StagedRow[] },
  ): Promise<void> {
    const name = table.table.table;
    this.#tables.set(name, table);
    await this.#write(`${name}-links`, read.links);
    await this.#write(`${name}-heads`, read.heads);
  }

  /** Fsyncs and closes: only what this returns may be merged. */
  async close(kind: StageKind, absentColumns: readonly string[]): Promise<Stage> {
    const closed = new Map<PartName, StagePart>();
    for (const [name, part] of this.#parts) closed.set(name, await (await part).close());
    const partOf = (name: PartName): StagePart => closed.get(name) ?? emptyPart;
    const associations = [...this.#tables].map(([name, { table }]): AssociationStage => ({
      table,
      heads: partOf(`${name}-heads`),
      links: partOf(`${name}-links`),
    }));
    return {
      directory: this.#directory,
      kind,
      records: partOf('records'),
      tombstones: partOf('tombstones'),
      associations,
      absentColumns,
    };
  }

  /** Removes what was written, after a failure. */
  async discard(): Promise<void> {
    for (const part of await Promise.allSettled(this.#parts.values())) {
      if (part.status === 'fulfilled') await part.value.abandon();
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #write(name: PartName, rows: readonly StagedRow[]): Promise<void> {
    if (rows.length === 0) return;
    let part = this.#parts.get(name);
    if (part === undefined) {
      part = PartWriter.open(this.#directory, join(this.#directory, `${name}.csv`));
      this.#parts.set(name, part);
    }
    await (await part).write(rows);
  }
}
