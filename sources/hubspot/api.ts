import { setTimeout as sleep } from 'node:timers/promises';
import { addRequests, zeroRequests, type RequestCounts } from '../../model/batch.ts';
import { LongWait, SyncError, type WaitReason } from '../../model/errors.ts';
import type { Traffic } from '../../model/traffic.ts';
import type { BudgetScope, Slot } from '../../budget/account-budget.ts';
import { nextDailyReset } from './daily-reset.ts';
import type { HttpClient, HttpResponse } from './http-client.ts';
import type { Bucket, RequestBudget } from './request-budget.ts';
import { classifyResponse, type ErrorBody, type ResponseClass } from './response-class.ts';

const firstBackoffMs = 250;
/** The wait for a new window is the budget's; this only counts a refusal as an attempt, so that they come to an end. */
const rateLimitedDelayMs = 500;
const maxBackoffMs = 8_000;
/** A 401 is asked about once more: the token may just have been rotated, and gateways have been seen to err. */
const unauthorizedDelayMs = 1_000;

export interface ApiCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  /** How long to go on trying, where not as long as the account's calls do. */
  readonly maxRetryMs?: number;
}

interface Sending {
  readonly token: string;
  readonly slot: Slot;
}

export interface ApiAnswer {
  readonly json: unknown;
  readonly observedAt: string;
  /** Source's clock; null where the answer had no `Date`. */
  readonly serverDate: string | null;
}

/** The URL does not fit: the caller asks for the properties in a request body. */
export class UriTooLong extends SyncError {
  constructor() {
    super('ConfigInvalid', 'HubSpot: the URL is too long (414)', { next: 'give the stream fewer columns' });
  }
}

/** HubSpot finds fault with the request itself (400 and its like): a repeat would fail the same way. */
export class RequestRefused extends SyncError {}

/** Nothing is known under this path (404). */
export class PathUnknown extends SyncError {}

/** The token is good and lacks a scope: other objects may be readable all the same. */
export class ScopeMissing extends SyncError {}

/** One piece of work (a chunk, a plan): what it sends for, and how much that is. */
export class RequestMeter {
  readonly traffic: Traffic;
  #counts = zeroRequests;

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  get counts(): RequestCounts {
    return this.#counts;
  }
  add(part: Partial<RequestCounts>): void {
    this.#counts = addRequests(this.#counts, { ...zeroRequests, ...part });
  }
}

/**
 * One HubSpot account: budget, token, retries. A call resolves only with a whole, parsed answer; a body cut short,
 * a gateway's HTML or a dead socket is retried with the same path, which is safe since all calls only read.
 */
export class HubSpotApi {
  readonly budget: RequestBudget;
  readonly #http: HttpClient;
  readonly #readAccessToken: () => Promise<string>;
  readonly #dailyUsagePath: string;
  #trouble: WaitReason | null = null;
  #resetAsked: Promise<unknown> | null = null;
  readonly #maxRetryMs: number;

  constructor(options: {
    http: HttpClient;
    budget: RequestBudget;
    readAccessToken: () => Promise<string>;
    dailyUsagePath: string;
    maxRetryMs: number;
  }) {
    this.#http = options.http;
    this.budget = options.budget;
    this.#readAccessToken = options.readAccessToken;
    this.#dailyUsagePath = options.dailyUsagePath;
    this.#maxRetryMs = options.maxRetryMs;
  }

  /** Why no answer comes at the moment; null since the last one that came. */
  get trouble(): WaitReason | null {
    return this.#trouble;
  }

  async call(call: ApiCall, meter: RequestMeter): Promise<ApiAnswer> {
    const maxRetryMs = call.maxRetryMs ?? this.#maxRetryMs;
    let rejected: { token: string; times: number } = { token: '', times: 0 };
    let triedMs = 0;
    for (let attempt = 1; ; attempt++) {
      const token = await this.#readAccessToken();
      // Waiting for a slot is not trying: however long others spend the limit, nothing has failed.
      const slot = await this.#takeSlot(call, token, meter);
      const sentAtMs = performance.now();
      const outcome = await this.#attempt(call, { token, slot }, meter);
      if (outcome.kind === 'answer') {
        this.#trouble = null;
        return outcome.answer;
      }
      if (outcome.kind === 'unauthorized') {
        rejected = { token, times: rejected.token === token ? rejected.times + 1 : 1 };
        if (rejected.times > 1) throw authRejected(call);
        await abortableSleep(unauthorizedDelayMs, call.signal);
        continue;
      }
      const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      const delayMs = outcome.delayMs ?? backoffMs;
      triedMs += performance.now() - sentAtMs + delayMs;
      if (triedMs > maxRetryMs) {
        throw new SyncError('Unavailable', `HubSpot ${where(call)}: ${outcome.reason}, ${attempt} times`, {
          next: 'check baseUrl, network and status.hubspot.com; a running sync tries again by itself',
        });
      }
      meter.add({ retried: 1 });
      this.#trouble = { reason: outcome.reason, until: null };
      await abortableSleep(delayMs, call.signal);
    }
  }

  /** With whom this process shares the account's budget. */
  async budgetScope(): Promise<BudgetScope> {
    return this.budget.scope(await this.#readAccessToken());
  }

  async close(): Promise<void> {
    await this.#http.close();
    this.budget.close();
  }

  #takeSlot({ bucket, signal }: ApiCall, token: string, { traffic }: RequestMeter): Promise<Slot> {
    return this.budget.take(bucket, { token, traffic, signal });
  }

  async #attempt(
    call: ApiCall,
    sending: Sending,
    meter: RequestMeter,
  ): Promise<
    | { kind: 'answer'; answer: ApiAnswer }
    | { kind: 'unauthorized' }
    | { kind: 'again'; reason: string; delayMs: number | null }
  > {
    const sent = await this.#send(call, sending, meter);
    if (sent instanceof Error) return { kind: 'again', reason: networkReason(sent), delayMs: null };
    if (sent.status >= 200 && sent.status < 300) {
      const json = parseJson(sent.text);
      if (json === undefined) return { kind: 'again', reason: 'the answer broke off', delayMs: null };
      return { kind: 'answer', answer: { json, observedAt: sent.sentAt, serverDate: sent.serverDate } };
    }
    const body = parseJson(sent.text);
    const error = (typeof body === 'object' && body !== null ? body : {}) as ErrorBody;
    return this.#settleRefusal(call, classifyResponse(sent.status, error, sent.retryAfterSeconds), meter);
  }

  async #send(call: ApiCall, { token, slot }: Sending, meter: RequestMeter): Promise<HttpResponse | Error> {
    let response: HttpResponse | null = null;
    const sentAtMs = performance.now();
    try {
      response = await this.#http.send({
        method: call.method,
        path: call.path,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        token,
        signal: call.signal,
      });
      return response;
    } catch (error) {
      call.signal.throwIfAborted();
      return error as Error;
    } finally {
      const isServed = response !== null && response.status >= 200 && response.status < 300;
      slot.settle({
        isAnswered: response !== null,
        server: response?.limit ?? null,
        roundTripMs: isServed ? performance.now() - sentAtMs : null,
      });
      meter.add({ requests: 1, receivedBytes: response?.receivedBytes ?? 0 });
    }
  }

  async #settleRefusal(
    call: ApiCall,
    refusal: ResponseClass,
    meter: RequestMeter,
  ): Promise<{ kind: 'unauthorized' } | { kind: 'again'; reason: string; delayMs: number | null }> {
    switch (refusal.kind) {
      case 'ok':
        throw new Error('unreachable: a refusal is not ok');
      case 'unauthorized':
        return { kind: 'unauthorized' };
      case 'retry':
        return { kind: 'again', reason: refusal.reason, delayMs: refusal.delayMs };
      case 'limited':
        meter.add({ rateLimited: 1 });
        if (refusal.policy === 'daily') {
          throw new LongWait({ reason: 'HubSpot daily limit', until: await this.#dailyReset(call.signal, meter) });
        }
        this.budget.block(refusal.policy, call.bucket);
        return { kind: 'again', reason: `rate limited (${refusal.policy})`, delayMs: rateLimitedDelayMs };
      case 'away':
        throw new LongWait({
          reason: refusal.reason,
          until: new Date(Date.now() + refusal.waitMs).toISOString(),
        });
      case 'uriTooLong':
        throw new UriTooLong();
      case 'refused':
        throw new RequestRefused('ConfigInvalid', `HubSpot ${where(call)}: ${refusal.reason}`, { next: refusal.next });
      case 'forbidden':
        throw new ScopeMissing('AuthRejected', `HubSpot ${where(call)}: ${refusal.reason}`, { next: refusal.next });
      case 'fail':
        throw new PathUnknown(refusal.failure, `HubSpot ${where(call)}: ${refusal.reason}`, { next: refusal.next });
      default:
        return refusal satisfies never;
    }
  }

  /** When the daily limit resets, asked once for all that met it: as HubSpot tells, else to look again soon. */
  async #dailyReset(signal: AbortSignal, meter: RequestMeter): Promise<string> {
    this.#resetAsked ??= this.#askDailyReset(signal, meter).finally(() => {
      this.#resetAsked = null;
    });
    const usage = await this.#resetAsked.catch(() => null);
    signal.throwIfAborted();
    return nextDailyReset(usage, Date.now());
  }

  async #askDailyReset(signal: AbortSignal, meter: RequestMeter): Promise<unknown> {
    const call: ApiCall = { method: 'GET', path: this.#dailyUsagePath, bucket: 'burst', signal };
    const token = await this.#readAccessToken();
    const slot = await this.#takeSlot(call, token, meter);
    const sent = await this.#send(call, { token, slot }, meter);
    return sent instanceof Error || sent.status !== 200 ? null : parseJson(sent.text);
  }
}

/** The path without its query: a query may hold ids. */
function where(call: ApiCall): string {
  return `${call.method} ${call.path.split('?')[0]}`;
}

function authRejected(call: ApiCall): SyncError {
  return new SyncError('AuthRejected', `HubSpot ${where(call)}: the access token was rejected (401)`, {
    next: 'set a valid token of a service key or private app, then run again; the backfill resumes',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names the failure by its code: texts of network errors may hold addresses with credentials. */
function networkReason(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? (error.cause as NodeJS.ErrnoException | undefined)?.code;
  return `${networkReasons[code ?? ''] ?? 'the connection failed'} (${code ?? error.name})`;
}

const networkReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve',
  ECONNREFUSED: 'nothing listens at that address',
  UND_ERR_CONNECT_TIMEOUT: 'the address does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stalled',
  Z_BUF_ERROR: 'the answer broke off',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
};

async function abortableSleep(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
