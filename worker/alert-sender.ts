import { setTimeout as delay } from 'node:timers/promises';
import { isWanted, type Alert } from '../model/alert.ts';
import type { AlertSettings } from '../config/monitoring.ts';
import type { Log } from '../model/log.ts';

/** Between the attempts of one alert, ms. */
const usualPausesMs: readonly number[] = [1_000, 5_000, 30_000];
const answerWithinMs = 10_000;
/** Beyond this many that wait, the webhook is as good as gone. */
const maxWaiting = 200;
const rememberedIds = 1_000;

export interface AlertSenderOptions extends AlertSettings {
  readonly onDelivered: () => void;
  readonly onLost: () => void;
  readonly log: Log;
  /** For tests. */
  readonly pausesMs?: readonly number[];
}

/**
 * Posts alerts to a webhook, one after another, beside everything else: nobody waits for it, and what it cannot deliver is
 * counted and logged. Neither logs nor errors hold its URL.
 */
export class AlertSender {
  readonly #options: AlertSenderOptions;
  readonly #sent = new Set<string>();
  readonly #closing = new AbortController();
  #waiting = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: AlertSenderOptions) {
    this.#options = options;
  }

  /** Takes each id once. */
  send(alert: Alert): void {
    if (!isWanted(alert, this.#options.on) || this.#sent.has(alert.id)) return;
    this.#remember(alert.id);
    if (this.#waiting >= maxWaiting) return this.#lose(alert, 'too many alerts wait');
    this.#waiting++;
    this.#queue = this.#queue.then(() => this.#deliver(alert)).finally(() => this.#waiting--);
  }

  /** Gives what waits a last `withinMs`, and gives up on the rest. */
  async close(withinMs: number): Promise<void> {
    await Promise.race([this.#queue, delay(withinMs, undefined, { ref: false })]);
    this.#closing.abort();
    await this.#queue;
  }

  async #deliver(alert: Alert): Promise<void> {
    const { pausesMs = usualPausesMs } = this.#options;
    let refusal: Refusal = { reason: 'the worker ends', isFinal: true };
    for (const pauseMs of [...pausesMs, null]) {
      if (this.#closing.signal.aborted) break;
      const answer = await this.#post(alert);
      if (answer === null) return this.#options.onDelivered();
      refusal = answer;
      if (refusal.isFinal || pauseMs === null) break;
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    this.#lose(alert, refusal.reason);
  }

  /** Null once it is taken. */
  async #post(alert: Alert): Promise<Refusal | null> {
    try {
      const response = await fetch(this.#options.webhook, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
        // What is posted must not end up elsewhere than config says.
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(answerWithinMs), this.#closing.signal]),
      });
      await response.body?.cancel();
      return response.ok ? null : { reason: `HTTP ${response.status}`, isFinal: !isWorthRetrying(response.status) };
    } catch (error) {
      return { reason: reasonOf(error), isFinal: false };
    }
  }

  #remember(id: string): void {
    if (this.#sent.size >= rememberedIds) this.#sent.delete(this.#sent.keys().next().value!);
    this.#sent.add(id);
  }

  #lose({ kind, stream, id }: Alert, reason: string): void {
    const { log, onLost } = this.#options;
    onLost();
    log.warn({ kind, stream, alert: id, reason }, 'an alert could not be delivered');
  }
}

interface Refusal {
  readonly reason: string;
  /** Another attempt would be refused as well. */
  readonly isFinal: boolean;
}

function isWorthRetrying(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** Name or code: the text may hold the URL. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code ?? error.name;
}
