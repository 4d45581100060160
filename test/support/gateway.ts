import { createServer, request as sendRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GatewayRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Gateway extends AsyncDisposable {
  readonly url: string;
  /** Every request that arrived, with the instant by `performance.now()`. */
  readonly arrivals: readonly (GatewayRequest & { readonly atMs: number })[];
}

/** Stands before a server as a company's proxy does: sees each request first, and may answer in its place. */
export async function startGateway(
  target: string,
  onRequest: (request: GatewayRequest) => GatewayAnswer | null = () => null,
): Promise<Gateway> {
  const arrivals: (GatewayRequest & { atMs: number })[] = [];
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    const request = { method: incoming.method ?? 'GET', path: incoming.url ?? '/' };
    arrivals.push({ ...request, atMs: performance.now() });
    const answer = onRequest(request);
    if (answer !== null) {
      incoming.resume();
      outgoing.writeHead(answer.status, { 'Content-Type': answer.contentType }).end(answer.body);
      return;
    }
    const passOn = (response: IncomingMessage): void => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    };
    const { method, headers } = incoming;
    const upstream = sendRequest(target + request.path, { method, headers, agent: false }, passOn);
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
