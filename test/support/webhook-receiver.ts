import type { Alert } from '../../model/alert.ts';
import { PostReceiver } from './post-receiver.ts';

/** Takes alerts as a chat system would. */
export class WebhookReceiver extends PostReceiver {
  /** With a part that is secret, as chat systems have it. */
  override get url(): string {
    return `${super.url}/hooks/s3cr3t-hook`;
  }

  get alerts(): Alert[] {
    return this.bodies.map((body) => JSON.parse(body) as Alert);
  }
}
