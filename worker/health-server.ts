import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../config/monitoring.ts';
import { SyncError } from '../model/errors.ts';
import { healthAnswer, type HealthParts } from './health.ts';

export interface HealthProbes {
  /** Process and Temporal connection. */
  readonly healthy: () => Promise<HealthParts>;
  /** Whether it does its work. */
  readonly ready: () => Promise<HealthParts>;
}

/**
 * Serves `/healthz`, `/readyz`, and `/livez`, which only says that the process answers. Throws `ConfigInvalid` where the address
 * is not to be had.
 */
export async function serveHealth(address: ListenAddress, probes: HealthProbes): Promise<AsyncDisposable> {
  const answers: Readonly<Record<string, () => Promise<HealthParts>>> = {
    '/healthz': probes.healthy,
    '/readyz': probes.ready,
    '/livez': async () => ({}),
  };
  const server = createServer(
    { requestTimeout: 5_000 },
    (request, response) => void answer(answers, request, response),
  );
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen('health', address, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function urlOf({ host, port }: ListenAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Several workers on one machine need addresses of their own. */
export function cannotListen(section: 'health' | 'metrics', { host, port }: ListenAddress, reason: string): SyncError {
  const next = `give this worker another ${section}.address, such as ${host}:\${PORT}, or turn ${section} off`;
  return new SyncError('ConfigInvalid', `${section}: cannot listen on ${host}:${port} (${reason})`, { next });
}

async function answer(
  answers: Readonly<Record<string, () => Promise<HealthParts>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0]!;
  const parts = Object.hasOwn(answers, path) ? answers[path] : undefined;
  const send = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, { error: 'only GET and HEAD' });
  if (parts === undefined) return send(404, { error: `there are ${Object.keys(answers).join(', ')}` });
  const { httpStatus, body } = healthAnswer(await parts());
  send(httpStatus, body);
}
