import { Client, Connection } from '@temporalio/client';
import { startLocalTemporal } from '../../examples/sandbox.ts';
import type { LocalServer, LocalServerOptions } from '../../worker/local-temporal/start-server.ts';

export interface TestTemporal {
  readonly server: LocalServer;
  readonly client: Client;
  stop(): Promise<void>;
}

/** A real Temporal dev server of the test's own, in memory unless given a file. */
export async function startTestTemporal(options: Partial<LocalServerOptions> = {}): Promise<TestTemporal> {
  const server = await startLocalTemporal(options);
  const connection = await Connection.connect({ address: server.address });
  return {
    server,
    client: new Client({ connection, identity: 'test' }),
    async stop() {
      await connection.close();
      await server.stop();
    },
  };
}
