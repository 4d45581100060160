import { hostname, userInfo } from 'node:os';

/** Who asks, for the note that others see: `anna@laptop`. */
export function callerName(): string {
  return `${process.env['USER'] ?? userInfo().username}@${hostname()}`;
}
