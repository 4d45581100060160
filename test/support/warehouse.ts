import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, type Json } from '@duckdb/node-api';

export type WarehouseRow = Readonly<Record<string, Json>>;
export type WarehouseQuery = (sql: string) => Promise<WarehouseRow[]>;

const releasedWithinMs = 15_000;

/** Looks into a DuckDB file as any other program would, once its owner has let go of it. 64-bit values come as text. */
export async function readWarehouse<T>(path: string, work: (query: WarehouseQuery) => Promise<T>): Promise<T> {
  const instance = await openReleased(path);
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    const result = await work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
    connection.closeSync();
    return result;
  } finally {
    instance.closeSync();
  }
}

async function openReleased(path: string): Promise<DuckDBInstance> {
  const deadline = Date.now() + releasedWithinMs;
  for (;;) {
    try {
      return await DuckDBInstance.create(path, { access_mode: 'READ_ONLY', threads: '2' });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
