import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { get, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';

describe('latency', () => {
  it('delays requests beside each other, and the statistics tell how many there were', async () => {
    const simulator = await startForTest({ records: { contacts: 30 }, latencyMs: 400 });
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 6 }, () => get(simulator, path)));
    const elapsedMs = performance.now() - startedMs;
    expect(elapsedMs).toBeGreaterThan(390);
    expect(elapsedMs).toBeLessThan(2_000);
    expect(simulator.stats.snapshot()['list contacts']).toMatchObject({
      requests: 6,
      statuses: { '200': 6 },
      pages: 6,
      records: 60,
      maxConcurrent: 6,
      peakTenSeconds: 6,
    });
  });

  it('does not keep count of a client that has gone away', async () => {
    const simulator = await startForTest({ records: { contacts: 30 }, latencyMs: 100 });
    const headers = { authorization: 'Bearer pat-na1-simulator' };
    await expect(fetch(simulator.url + path, { headers, signal: AbortSignal.timeout(30) })).rejects.toThrow('timeout');
    await wait(150);
    await get(simulator, path);
    expect(simulator.stats.snapshot()['list contacts']).toMatchObject({ requests: 2, maxConcurrent: 1 });
  });
});

it('a log of requests, once asked for, tells when each came and whether a limit stopped it', async () => {
  const simulator = await startForTest({ records: { contacts: 30 }, limits: { burst: 2 } });
  await get(simulator, path);
  const log = simulator.stats.keepLog();
  const startedMs = Date.now();
  for (let i = 0; i < 2; i++) await get(simulator, path);
  expect(log).toEqual([
    { route: 'list contacts', atMs: expect.any(Number) as number, isAdmitted: true },
    { route: 'list contacts', atMs: expect.any(Number) as number, isAdmitted: false },
  ]);
  expect(log[0]!.atMs).toBeGreaterThanOrEqual(startedMs);
  expect(log[1]!.atMs).toBeGreaterThanOrEqual(log[0]!.atMs);
});
