import { promisify } from 'node:util';
import { gunzip, type ZlibOptions } from 'node:zlib';
import { Agent } from 'undici';
import type { ServerLimit } from '../../budget/lane-rules.ts';

const gunzipBytes = promisify<Buffer, ZlibOptions, Buffer>(gunzip);
const maxChunkBytes = 4 * 2 ** 20;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly body: string | null;
  readonly token: string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly receivedBytes: number;
  /** Worker's clock, when the request was sent: the observation instant of what it brought. */
  readonly sentAt: string;
  /** Source's clock, from the `Date` header; null where absent. */
  readonly serverDate: string | null;
  readonly limit: ServerLimit | null;
  readonly retryAfterSeconds: number | null;
}

/**
 * The hot path's HTTP: keep-alive connections, gzip, and a time limit on connect, headers and body, since a hung socket
 * would otherwise hang the chunk. Throws what undici throws, and zlib's error for a body cut short.
 */
export class HttpClient {
  readonly #origin: string;
  readonly #basePath: string;
  readonly #agent: Agent;

  constructor(options: { baseUrl: string; timeoutMs: number; connections: number }) {
    const url = new URL(options.baseUrl);
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/$/, '');
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: Math.min(options.timeoutMs, 10_000) },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      keepAliveTimeout: 30_000,
    });
  }

  async send({ method, path, body, token, signal }: HttpRequest): Promise<HttpResponse> {
    const sentAt = new Date().toISOString();
    const response = await this.#agent.request({
      origin: this.#origin,
      method,
      path: this.#basePath + path,
      body,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        'accept-encoding': 'gzip',
        accept: 'application/json',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
    });
    const received = Buffer.from(await response.body.arrayBuffer());
    const header = (name: string): string | null => {
      const value = response.headers[name];
      return typeof value === 'string' ? value : null;
    };
    const bytes = header('content-encoding') === 'gzip' ? await unzip(received) : received;
    const limit = numberOrNull(header('x-hubspot-ratelimit-max'));
    const remaining = numberOrNull(header('x-hubspot-ratelimit-remaining'));
    const serverDate = header('date');
    return {
      status: response.statusCode,
      text: bytes.toString('utf8'),
      receivedBytes: received.length,
      sentAt,
      serverDate: serverDate === null ? null : isoOrNull(serverDate),
      limit: limit === null || remaining === null ? null : { limit, remaining },
      retryAfterSeconds: numberOrNull(header('retry-after')),
    };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** A gzip body ends with its unzipped length (RFC 1952): room for all of it at once spares a dozen copies a page. */
async function unzip(body: Buffer): Promise<Buffer> {
  const unzippedBytes = body.length < 18 ? 0 : body.readUInt32LE(body.length - 4);
  return gunzipBytes(body, { chunkSize: Math.min(maxChunkBytes, Math.max(1_024, unzippedBytes + 1)) });
}

function numberOrNull(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function isoOrNull(text: string): string | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
