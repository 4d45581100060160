import type { TemporalConnection } from '../../client/temporal-connection.ts';
import { noTraces } from '../../tracing/run-span.ts';
import type { TestTemporal } from './temporal.ts';

/** A test's server as the verbs of the CLI know it. */
export function connectionTo({ client, server: { address } }: TestTemporal): TemporalConnection {
  return {
    client,
    namespace: 'default',
    found: { address, origin: 'the config', uiUrl: null },
    connectOptions: { address },
    traces: noTraces,
    close: async () => {},
  };
}
