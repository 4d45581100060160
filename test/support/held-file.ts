import { DuckDBInstance } from '@duckdb/node-api';
import { eventually } from './eventually.ts';

/** Works on a DuckDB file as its only user, once its owner has let go of it: nobody else can open it meanwhile. */
export async function holdFile<T>(
  path: string,
  work: (execute: (sql: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const instance = await eventually('the file is free', () => DuckDBInstance.create(path).catch(() => null));
  const connection = await instance.connect();
  try {
    return await work(async (sql) => {
      await connection.run(sql);
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
