import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { SyncError } from '../model/errors.ts';

const host = '127.0.0.1';
/** A page of a history holds a few payloads of at most 2 MB each. */
const mostBodyBytes = 32 * 2 ** 20;

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /** 0 takes a free one. */
  readonly port: number;
  /** Origins of Temporal UIs that may ask, such as `http://127.0.0.1:8233`. */
  readonly origins: readonly string[];
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `POST /decode` and `POST /encode` on loopback, as Temporal's UI and CLI ask for them
 * (https://docs.temporal.io/production-deployment/data-encryption). It answers no page of another origin, and no name other
 * than loopback's, so that a page cannot reach it by a name that it resolves itself. Rejects with `ConfigInvalid` where the port
 * is taken.
 */
export async function serveCodec({ codec, port, origins }: CodecServerOptions): Promise<CodecServer> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, response, { codec, origins }).catch(() => response.destroy());
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new SyncError(
      'ConfigInvalid',
      `port ${port} on ${host} is taken (${(error as NodeJS.ErrnoException).code})`,
      {
        next: 'choose another with --port',
        cause: error,
      },
    );
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { codec, origins }: Pick<CodecServerOptions, 'codec' | 'origins'>,
): Promise<void> {
  const send = (status: number, body?: object): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const { origin } = request.headers;
  if (!isLoopbackName(request.headers.host)) return send(403, { message: 'ask by 127.0.0.1 or localhost' });
  if (origin !== undefined) {
    if (!origins.includes(origin)) return send(403, { message: 'this origin may not ask; name it with --ui' });
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('vary', 'origin');
  }
  if (request.method === 'OPTIONS') return send(204);
  const work = workOf(request.url, codec);
  if (request.method !== 'POST' || work === null) return send(404, { message: 'there are POST /decode and /encode' });
  const payloads = payloadsOf(await bodyOf(request));
  if (payloads === null) return send(400, { message: 'the body must be { "payloads": [...] }' });
  try {
    send(200, { payloads: (await work(payloads)).map(toJson) });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    send(400, { message: error.message });
  }
}

/** The URL may have a base before it, and a query behind. */
function workOf(url: string | undefined, codec: PayloadCodec): ((payloads: Payload[]) => Promise<Payload[]>) | null {
  const path = (url ?? '').split('?')[0]!;
  if (path === '/decode') return (payloads) => codec.decode(payloads);
  if (path === '/encode') return (payloads) => codec.encode(payloads);
  return null;
}

function isLoopbackName(hostHeader: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(hostHeader ?? '');
}

/** Null where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > mostBodyBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

interface PayloadJson {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

/** Bytes are base64, as protobuf's JSON has them. Null for what is none. */
function payloadsOf(body: string | null): Payload[] | null {
  try {
    const { payloads } = JSON.parse(body ?? '') as { payloads: readonly PayloadJson[] };
    return payloads.map(({ metadata = {}, data = '' }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
      data: Buffer.from(data, 'base64'),
    }));
  } catch {
    return null;
  }
}

function toJson({ metadata, data }: Payload): PayloadJson {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
    ...(data ? { data: text(data) } : {}),
  };
}
