import type { IncomingMessage } from 'node:http';

/** A request's JSON, undefined for an empty body; null where it is no JSON. */
export async function readJson(request: IncomingMessage): Promise<{ value: unknown } | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (text === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}
