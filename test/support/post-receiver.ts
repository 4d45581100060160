import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Takes what is posted to it over HTTP, and keeps it. */
export class PostReceiver implements AsyncDisposable {
  readonly bodies: string[] = [];
  readonly paths: string[] = [];
  /** Answers to come, one after another; 200 once there are none left. */
  readonly answers: number[] = [];
  /** Leaves every call without an answer. */
  holds = false;
  readonly #server: Server = createServer();

  static async open<Receiver extends PostReceiver>(this: new () => Receiver): Promise<Receiver> {
    const receiver = new this();
    await receiver.listen();
    return receiver;
  }

  /** `http://127.0.0.1:<port>`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    this.#server.on('request', (request, response) => {
      this.paths.push(request.url ?? '');
      void text(request).then((body) => {
        this.bodies.push(body);
        if (this.holds) return;
        response.writeHead(this.answers.shift() ?? 200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
