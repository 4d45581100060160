import { createHash } from 'node:crypto';

/** Names what a value says, as JSON. Hex. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
