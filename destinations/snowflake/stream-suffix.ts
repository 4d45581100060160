import { createHash } from 'node:crypto';

/** Tells the tables of one stream, or of one stream and mode, from others': 12 hex digits, fit for any name. */
export function streamSuffix(...of: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 12);
}
