export { backfill } from './backfill.ts';
export { inspect } from './inspect.ts';
