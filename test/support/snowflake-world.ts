import { rm } from 'node:fs/promises';
import { type SnowflakeEmulator, startSnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { copySnowflakeTable } from '../../simulators/verification/copy-snowflake-table.ts';
import { ChaosWorld, type ChaosWorldOptions } from './chaos-world.ts';

const copied = ['contacts', 'sync_batches', 'sync_runs', 'sync_watermarks'];

/** A world whose rows go into an emulated Snowflake account. */
export class SnowflakeWorld implements AsyncDisposable {
  readonly world: ChaosWorld;
  readonly emulator: SnowflakeEmulator;

  static open(options: ChaosWorldOptions): Promise<SnowflakeWorld> {
    return SnowflakeWorld.around((destination) => ChaosWorld.open({ ...options, destination }));
  }

  /** Of a world that is opened with the account as its destination. */
  static async around(openWorld: (destination: object) => Promise<ChaosWorld>): Promise<SnowflakeWorld> {
    const emulator = await startSnowflakeEmulator();
    return new SnowflakeWorld(await openWorld(emulator.destination), emulator);
  }

  private constructor(world: ChaosWorld, emulator: SnowflakeEmulator) {
    this.world = world;
    this.emulator = emulator;
  }

  /** Puts what the account holds where the world looks for it: comparing shares nothing with the connector. */
  async copyOut(tables: readonly string[] = copied): Promise<void> {
    const { databasePath } = this.world.sandbox;
    await rm(databasePath, { force: true });
    for (const table of tables) {
      await copySnowflakeTable({ url: this.emulator.url, database: 'SLUICE', schema: 'hubspot', table, databasePath });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.emulator.stop();
  }
}
