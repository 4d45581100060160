import { rm } from 'node:fs/promises';
import { type SnowflakeEmulator, startSnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { copySnowflakeTable } from '../../simulators/verification/copy-snowflake-table.ts';
import { ChaosWorld, type ChaosWorldOptions } from './chaos-world.ts';

const copied = ['contacts', 'sync_batches', 'sync_runs', 'sync_watermarks'];

/** A world whose rows go into an emulated Snowflake account. */
export class SnowflakeWorld implements AsyncDisposable {
  readonly world: ChaosWorld;
  readonly emulator: SnowflakeEmulator;

  static async open(options: ChaosWorldOptions): Promise<SnowflakeWorld> {
    const emulator = await startSnowflakeEmulator();
    const { destination } = emulator;
    return new SnowflakeWorld(await ChaosWorld.open({ ...options, destination }), emulator);
  }

  private constructor(world: ChaosWorld, emulator: SnowflakeEmulator) {
    this.world = world;
    this.emulator = emulator;
  }

  /** Puts what the account holds where the world looks for it: comparing shares nothing with the connector. */
  async copyOut(): Promise<void> {
    const { databasePath } = this.world.sandbox;
    await rm(databasePath, { force: true });
    for (const table of copied) {
      await copySnowflakeTable({ url: this.emulator.url, database: 'SLUICE', schema: 'hubspot', table, databasePath });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.emulator.stop();
  }
}
