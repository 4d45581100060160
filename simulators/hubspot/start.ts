import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Api } from './api.ts';
import { controlPrefix, serveControl } from './control.ts';
import type { SimulatorOptions } from './options.ts';
import { defaultOptions } from './options.ts';
import type { Faults } from './faults.ts';
import type { Portal } from './portal.ts';
import type { RequestStats } from './request-stats.ts';
import type { SettingsChange } from './simulator.ts';
import { Simulator } from './simulator.ts';

export interface RunningSimulator {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Records and catalogues, and every way to change them. A `reset` replaces it. */
  readonly portal: Portal;
  readonly faults: Faults;
  readonly stats: RequestStats;
  configure(change: SettingsChange): void;
  reset(): void;
  /** Breaks open connections and frees the port. */
  close(): Promise<void>;
}

const headerBytes = 65_536;
const keepAliveMs = 65_000;

/** Starts a simulated HubSpot account in this process, on 127.0.0.1. */
export async function startHubspotSimulator(options: Partial<SimulatorOptions> = {}): Promise<RunningSimulator> {
  const simulator = new Simulator({ ...defaultOptions, ...options });
  const api = new Api(simulator);
  const server = createServer({ maxHeaderSize: headerBytes, keepAliveTimeout: keepAliveMs }, (request, response) => {
    const isControl = request.url?.startsWith(controlPrefix) ?? false;
    const served = isControl ? serveControl(simulator, request, response) : api.serve(request, response);
    served.catch((error: unknown) => {
      // A client that went away while sending or receiving is its own business.
      if (request.destroyed || response.destroyed) return;
      response.destroy();
      process.emitWarning(error instanceof Error ? error : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(simulator.options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get portal() {
      return simulator.portal;
    },
    faults: simulator.faults,
    stats: simulator.stats,
    configure: (change) => simulator.configure(change),
    reset: () => simulator.reset(),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
