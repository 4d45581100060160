export { backfill, resync } from './backfill.ts';
export { incremental } from './incremental.ts';
export { inspect } from './inspect.ts';
export { mend } from './mend.ts';
export { reconcile, softDelete } from './reconcile.ts';
export { reset } from './reset.ts';
