import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Alert } from '../../model/alert.ts';

/** Takes alerts as a chat system would, and keeps what was posted. */
export class WebhookReceiver implements AsyncDisposable {
  readonly bodies: string[] = [];
  /** Answers to come, one after another; 200 once there are none left. */
  readonly answers: number[] = [];
  /** Leaves every call without an answer. */
  holds = false;
  readonly #server: Server;

  static async open(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        receiver.bodies.push(body);
        if (receiver.holds) return;
        response.writeHead(receiver.answers.shift() ?? 200).end('ok');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  /** With a part that is secret, as chat systems have it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks/s3cr3t-hook`;
  }

  get alerts(): Alert[] {
    return this.bodies.map((body) => JSON.parse(body) as Alert);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
