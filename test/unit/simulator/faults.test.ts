import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import type { FaultRule } from '../../../simulators/hubspot/faults.ts';
import { Faults } from '../../../simulators/hubspot/faults.ts';
import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts?limit=100';

interface RawReply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly error: string | null;
}

/** Reads an answer byte by byte, so that broken ones can be looked at. */
function readRaw(simulator: RunningSimulator, { path: p = path, timeoutMs = 5_000 } = {}): Promise<RawReply> {
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer pat-na1-simulator', 'accept-encoding': 'gzip' };
    const chunks: Buffer[] = [];
    let status: number | undefined;
    let received: RawReply['headers'] = {};
    const end = (error: string | null): void =>
      resolve({ status, headers: received, body: Buffer.concat(chunks), error });
    const request = httpRequest(simulator.url + p, { headers, agent: false, timeout: timeoutMs }, (response) => {
      status = response.statusCode;
      received = response.headers;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => end(null));
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    request.end();
  });
}

async function struckBy(rule: FaultRule, options?: { timeoutMs: number }): Promise<RawReply> {
  const simulator = await startForTest({ records: { contacts: 150 } });
  simulator.faults.add({ count: 1, ...rule });
  const struck = await readRaw(simulator, options);
  const next = await readRaw(simulator);
  expect([next.status, next.error]).toEqual([200, null]);
  expect(simulator.stats.snapshot()['list contacts']?.faults).toEqual({ [rule.kind]: 1 });
  return struck;
}

describe('fault rules', () => {
  const target = { route: 'list', type: 'contacts', after: '', url: path } as const;

  it('strike the next k requests that match', () => {
    const faults = new Faults();
    faults.add({ kind: 'serverError', count: 2, match: { type: 'contacts', after: '51' } });
    const struck = ['', '51', '52', '51', '51'].map((after) => faults.strike({ ...target, after })?.kind ?? null);
    expect(struck).toEqual([null, 'serverError', null, 'serverError', null]);
    expect(faults.list()).toMatchObject([{ id: 1, kind: 'serverError', struck: 2 }]);
  });

  it('strike by chance, the same for the same seed', () => {
    const run = (seed: number): boolean[] => {
      const faults = new Faults();
      faults.add({ kind: 'badGateway', probability: 0.3, seed });
      return Array.from({ length: 200 }, () => faults.strike(target) !== null);
    };
    expect(run(4)).toEqual(run(4));
    expect(run(4)).not.toEqual(run(5));
    expect(run(4).filter(Boolean).length).toBeGreaterThan(30);
    expect(run(4).filter(Boolean).length).toBeLessThan(90);
  });

  it('refuse an unknown kind', () => {
    expect(() => new Faults().add({ kind: 'earthquake' as 'hang' })).toThrow(RangeError);
  });
});

describe('faults in place of the answer', () => {
  it.each([
    ['rateLimited', 429, 'application/json'],
    ['locked', 423, 'application/json'],
    ['migrating', 477, 'application/json'],
    ['serverError', 500, 'application/json'],
    ['badGateway', 502, 'text/html'],
    ['gatewayTimeout', 504, 'text/html'],
    ['originTimeout', 524, 'text/html'],
    ['unauthorized', 401, 'application/json'],
    ['forbidden', 403, 'application/json'],
  ] as const)('%s is %i', async (kind, status, contentType) => {
    const struck = await struckBy({ kind });
    expect(struck.status).toBe(status);
    expect(struck.headers['content-type']).toContain(contentType);
    expect(struck.headers['retry-after']).toBe(kind === 'migrating' ? '5' : undefined);
  });

  it('emptyBody is 200 without a byte', async () => {
    const struck = await struckBy({ kind: 'emptyBody' });
    expect([struck.status, struck.body.length]).toEqual([200, 0]);
  });
});

describe('faults in the delivery', () => {
  it('reset breaks the connection within the body', async () => {
    const struck = await struckBy({ kind: 'reset' });
    expect(struck.status).toBe(200);
    expect(struck.error).toBe('ECONNRESET');
    expect(struck.body.length).toBeLessThan(Number(struck.headers['content-length']));
    expect(struck.body.length).toBeGreaterThan(0);
  });

  it('truncatedJson is whole gzip of half a document', async () => {
    const struck = await struckBy({ kind: 'truncatedJson' });
    const text = gunzipSync(struck.body).toString();
    expect(text.startsWith('{"results":[{"id":')).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('truncatedGzip is gzip that ends early, at the announced length', async () => {
    const struck = await struckBy({ kind: 'truncatedGzip' });
    expect(struck.error).toBeNull();
    expect(() => gunzipSync(struck.body)).toThrow('unexpected end of file');
  });

  it('hang never answers', async () => {
    const struck = await struckBy({ kind: 'hang' }, { timeoutMs: 300 });
    expect([struck.status, struck.error]).toEqual([undefined, 'timeout']);
  });

  it('slowBody takes its time and is whole', async () => {
    const startedMs = performance.now();
    const struck = await struckBy({ kind: 'slowBody', durationMs: 400 });
    expect(performance.now() - startedMs).toBeGreaterThan(350);
    expect(() => JSON.parse(gunzipSync(struck.body).toString()) as unknown).not.toThrow();
  });
});
