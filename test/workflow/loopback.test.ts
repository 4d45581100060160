import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startHubspotSimulator } from '../../simulators/hubspot/start.ts';
import { canTellListeners, listenersOf } from '../support/listeners.ts';
import { startTestTemporal } from '../support/temporal.ts';

const outside = (addresses: readonly string[]): string[] =>
  addresses.filter((address) => !address.startsWith('127.0.0.1:'));

/** As the system tells it, whatever the code says. */
describe.runIf(canTellListeners)('without being told otherwise', () => {
  it('the Temporal dev server and its UI listen on loopback', async () => {
    const temporal = await startTestTemporal({ uiPort: 0 });
    const { server } = temporal;
    try {
      const addresses = listenersOf(server.pid);
      expect(addresses).toEqual(expect.arrayContaining([server.address, server.uiUrl!.replace('http://', '')]));
      expect(outside(addresses)).toEqual([]);
    } finally {
      await temporal.stop();
    }
  });

  it('the simulator does', async () => {
    const before = new Set(listenersOf(process.pid));
    const simulator = await startHubspotSimulator({ records: { contacts: 1 } });
    try {
      const opened = listenersOf(process.pid).filter((address) => !before.has(address));
      expect(opened).toEqual([simulator.url.replace('http://', '')]);
    } finally {
      await simulator.close();
    }
  });

  it('a server that listens everywhere would be seen', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    try {
      expect(outside(listenersOf(process.pid)).length).toBeGreaterThan(0);
    } finally {
      server.close();
    }
  });
});
