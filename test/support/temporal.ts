import { Client, Connection } from '@temporalio/client';
import { findTemporalBinary } from '../../worker/local-temporal/find-server.ts';
import {
  startTemporalServer,
  type LocalServer,
  type LocalServerOptions,
} from '../../worker/local-temporal/start-server.ts';
import { searchAttributeNames } from '../../workflows/messages.ts';

export interface TestTemporal {
  readonly server: LocalServer;
  readonly client: Client;
  stop(): Promise<void>;
}

/** A real Temporal dev server of the test's own, in memory unless given a file. */
export async function startTestTemporal(options: Partial<LocalServerOptions> = {}): Promise<TestTemporal> {
  const binary = await findTemporalBinary({ log: () => {}, signal: AbortSignal.timeout(110_000) });
  const server = await startTemporalServer({
    binary: binary.path,
    searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, 'Keyword' as const])),
    log: () => {},
    ...options,
  });
  const connection = await Connection.connect({ address: server.address });
  return {
    server,
    client: new Client({ connection }),
    async stop() {
      await connection.close();
      await server.stop();
    },
  };
}
