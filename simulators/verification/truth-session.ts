import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection, type Json } from '@duckdb/node-api';

import { identifier, literal } from './duckdb-text.ts';

/** How many records differ, and the first ten of their ids. */
export interface Difference {
  readonly count: number;
  readonly ids: readonly string[];
}

export interface SessionRequest {
  readonly databasePath: string;
  /** Base URL of the simulator. */
  readonly simulatorUrl: string;
}

/** A database of its own with the loaded one beside it, as `loaded`, read-only. */
export class TruthSession implements AsyncDisposable {
  readonly #connection: DuckDBConnection;
  readonly #simulatorUrl: string;
  readonly #close: () => Promise<void>;
  readonly #folder: string;

  /** Waits up to ten seconds for the file's owner to let go of it. */
  static async open({ databasePath, simulatorUrl }: SessionRequest): Promise<TruthSession> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-truth-'));
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
    const connection = await instance.connect();
    const close = async (): Promise<void> => {
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await attach(connection, databasePath);
    } catch (error) {
      await close();
      throw error;
    }
    return new TruthSession({ connection, simulatorUrl, close, folder });
  }

  private constructor(parts: {
    connection: DuckDBConnection;
    simulatorUrl: string;
    close: () => Promise<void>;
    folder: string;
  }) {
    this.#connection = parts.connection;
    this.#simulatorUrl = parts.simulatorUrl;
    this.#close = parts.close;
    this.#folder = parts.folder;
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async rows(sql: string): Promise<Json[][]> {
    return (await this.#connection.runAndReadAll(sql)).getRowsJson();
  }

  /** Of a query for a column `id`. */
  async difference(sql: string): Promise<Difference> {
    const [[count, ids] = []] = await this.rows(
      `WITH found AS (${sql}) SELECT count(*), list(id ORDER BY id)[1:10] FROM found`,
    );
    return { count: Number(count), ids: (ids as string[] | null) ?? [] };
  }

  /** Makes a table of text from lines of JSON that the simulator's control endpoint gives. */
  async loadTruth(table: string, { path, columns }: { path: string; columns: readonly string[] }): Promise<void> {
    const file = join(this.#folder, `${table}.ndjson`);
    const response = await fetch(`${this.#simulatorUrl}/_sim/${path}`);
    if (!response.ok || response.body === null) throw new Error(`/_sim/${path} answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
    const texts = columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
    await this.run(`CREATE TEMP TABLE ${identifier(table)} AS SELECT * FROM read_json(${literal(file)},
      format = 'newline_delimited', columns = {${texts}}, maximum_object_size = 67108864)`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function attach(connection: DuckDBConnection, path: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await connection.run(`ATTACH ${literal(path)} AS loaded (READ_ONLY)`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
