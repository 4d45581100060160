import { join } from 'node:path';
import type { EmulatorControl } from '../../simulators/snowflake/control.ts';
import { startSnowflakeEmulator, type SnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { copySnowflakeTable } from '../../simulators/verification/copy-snowflake-table.ts';
import type { AccountUse } from './report.ts';

/** An emulated Snowflake account for one demo, or one bench. */
export class SnowflakeAccount {
  readonly config: object;
  readonly control: EmulatorControl;
  readonly #emulator: SnowflakeEmulator;
  readonly #folder: string;

  /** Throws one clear line where there is no Python for it. */
  static async start(folder: string, log: (line: string) => void): Promise<SnowflakeAccount> {
    return new SnowflakeAccount(await startSnowflakeEmulator({ log }), folder);
  }

  private constructor(emulator: SnowflakeEmulator, folder: string) {
    this.#emulator = emulator;
    this.#folder = folder;
    this.control = emulator.control;
    this.config = emulator.destination;
  }

  async use(): Promise<AccountUse> {
    const { statements, uploads } = await this.control.log();
    const billed = statements.filter(({ needsWarehouse }) => needsWarehouse);
    return {
      statements: statements.length,
      uploads: uploads.length,
      uploadedBytes: uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      warehouseMs: billed.reduce((sum, { durationMs }) => sum + durationMs, 0),
    };
  }

  /** Copies a table into a DuckDB file that can be compared with the truth; returns its path. */
  async copyTable(schema: string, table: string): Promise<string> {
    const databasePath = join(this.#folder, 'copy-of-snowflake.duckdb');
    await copySnowflakeTable({ url: this.#emulator.url, database: 'SLUICE', schema, table, databasePath });
    return databasePath;
  }

  stop(): Promise<void> {
    return this.#emulator.stop();
  }
}
