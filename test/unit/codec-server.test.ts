import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveCodec, type CodecServer } from '../../codec/codec-server.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';

const origin = 'http://127.0.0.1:8233';
const codec = payloadCodec({ current: 'k1', keys: new Map([['k1', randomBytes(32)]]) });
const foreign = payloadCodec({ current: 'k9', keys: new Map([['k9', randomBytes(32)]]) });

let server: CodecServer;
beforeEach(async () => {
  server = await serveCodec({ codec, port: 0, origins: [origin] });
});
afterEach(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: { payloads?: { metadata: Record<string, string>; data?: string }[]; message?: string };
}

/** Not by fetch, which lets nobody set these headers. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'POST', headers = {}, body = '' } = options;
    const asked = request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
        }),
      );
    });
    asked.on('error', reject).end(body);
  });
}

const bodyOf = async (value: unknown, by = codec): Promise<string> => {
  const payloads = await by.encode([defaultPayloadConverter.toPayload(value)!]);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return JSON.stringify({
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata!).map(([name, bytes]) => [name, base64(bytes)])),
      data: base64(data!),
    })),
  });
};

describe('the codec server', () => {
  it('decodes for the UI, and tells the browser that it may read the answer', async () => {
    const answer = await ask('/decode', { headers: { origin }, body: await bodyOf({ stream: 'crm.contacts' }) });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(Buffer.from(answer.body.payloads![0]!.data!, 'base64').toString()).toBe('{"stream":"crm.contacts"}');
    const before = await ask('/decode', { method: 'OPTIONS', headers: { origin } });
    expect(before.status).toBe(204);
    expect(before.headers['access-control-allow-headers']).toContain('x-namespace');
  });

  it('decodes what it encodes, for the temporal command line', async () => {
    const plain = { metadata: { encoding: Buffer.from('json/plain').toString('base64') }, data: 'NDI=' };
    const encoded = await ask('/encode', { body: JSON.stringify({ payloads: [plain] }) });
    expect(JSON.stringify(encoded.body)).not.toContain('NDI=');
    const decoded = await ask('/decode', { body: JSON.stringify(encoded.body) });
    expect(decoded.body.payloads).toEqual([plain]);
  });

  it('answers no page of another origin, and no name but loopback’s', async () => {
    const body = await bodyOf('secret');
    const refused: Record<string, string>[] = [
      { origin: 'https://example.com' },
      { origin: 'null' },
      { host: 'rebound.example:8234' },
    ];
    for (const headers of refused) {
      const answer = await ask('/decode', { headers, body });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.body.payloads).toBeUndefined();
    }
  });

  it('names a key it does not have, and refuses what is no request of payloads', async () => {
    const answer = await ask('/decode', { body: await bodyOf('secret', foreign) });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('"k9"') as string } });
    expect((await ask('/decode', { body: 'no json' })).status).toBe(400);
    expect((await ask('/other', { body: '{}' })).status).toBe(404);
    expect((await ask('/decode', { method: 'GET' })).status).toBe(404);
  });

  it('listens on loopback, and says so where its port is taken', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const taken = serveCodec({ codec, port: Number(new URL(server.url).port), origins: [] });
    await expect(taken).rejects.toThrow(/port \d+ on 127\.0\.0\.1 is taken \(EADDRINUSE\)/);
  });
});
