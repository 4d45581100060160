import { Client, ScheduleClient, type ConnectionLike } from '@temporalio/client';
import { dataConverterOf } from '../codec/data-converter.ts';
import type { KeyRing } from '../model/key-ring.ts';

export interface TemporalClientOptions {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly keyRing: KeyRing;
}

/**
 * Reads and writes what Temporal keeps by the keys of a config. Schedules it writes in plain: they hold a stream's name, which
 * their id has anyway, and may outlive every key; Temporal cannot change a memo, so one that is encrypted could not follow a
 * rotation.
 */
export class TemporalClient extends Client {
  override readonly schedule: ScheduleClient;

  constructor({ keyRing, ...server }: TemporalClientOptions) {
    super({ ...server, dataConverter: dataConverterOf(keyRing) });
    this.schedule = new ScheduleClient({ ...server, dataConverter: dataConverterOf({ ...keyRing, current: null }) });
  }
}
