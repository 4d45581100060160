import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

import type { Answer } from './answers.ts';
import type { DeliveryFault } from './faults.ts';
import type { Encoding } from './page-writer.ts';

const leastCompressedBytes = 1_024;
const slowSlices = 20;
const defaultSlowMs = 3_000;

/** Gzip where the client takes it, whatever its other preferences. */
export function acceptedEncoding(header: string | undefined): Encoding {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(header ?? '') ? 'gzip' : 'identity';
}

/** Compresses what is worth it; a body compressed already stays as it is. */
export function compressed(answer: Answer, encoding: Encoding): Answer {
  if (answer.isCompressed || encoding === 'identity' || answer.body.length < leastCompressedBytes) return answer;
  return { ...answer, body: gzipSync(answer.body, { level: 1 }), isCompressed: true };
}

export interface Delivery {
  readonly answer: Answer;
  /** The `Date` header, by the account's clock. */
  readonly nowMs: number;
  readonly fault: DeliveryFault | null;
  readonly slowMs?: number | undefined;
}

/** Sends an answer whole, or in the way the fault has it. */
export function deliver(response: ServerResponse, { answer, nowMs, fault, slowMs = defaultSlowMs }: Delivery): void {
  if (fault === 'hang') return;
  const sent = fault === 'truncatedJson' || fault === 'truncatedGzip' ? cut(answer, fault) : answer;
  response.sendDate = false;
  response.writeHead(sent.status, {
    ...sent.headers,
    Date: new Date(nowMs).toUTCString(),
    'Content-Type': sent.contentType,
    'Content-Length': String(sent.body.length),
    Vary: 'Accept-Encoding',
    ...(sent.isCompressed ? { 'Content-Encoding': 'gzip' } : {}),
  });
  switch (fault) {
    case 'reset':
      sendHalf(response, sent.body);
      break;
    case 'slowBody':
      void sendSlowly(response, sent.body, slowMs);
      break;
    default:
      response.end(sent.body);
  }
}

/** Lets the first half leave before the connection breaks. */
function sendHalf(response: ServerResponse, body: Buffer): void {
  response.write(body.subarray(0, body.length >> 1), () => {
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  });
}

async function sendSlowly(response: ServerResponse, body: Buffer, durationMs: number): Promise<void> {
  const sliceBytes = Math.ceil(body.length / slowSlices);
  for (let from = 0; from < body.length && !response.destroyed; from += sliceBytes) {
    response.write(body.subarray(from, from + sliceBytes));
    await wait(durationMs / slowSlices);
  }
  response.end();
}

function cut(answer: Answer, fault: 'truncatedJson' | 'truncatedGzip'): Answer {
  const half = (body: Buffer): Buffer => body.subarray(0, Math.floor(body.length * 0.6));
  if (fault === 'truncatedGzip' || !answer.isCompressed) return { ...answer, body: half(answer.body) };
  return { ...answer, body: gzipSync(half(gunzipSync(answer.body)), { level: 1 }) };
}
