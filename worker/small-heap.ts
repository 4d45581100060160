import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 collect sooner than it would by itself. A backfill's pages are garbage a moment after they came; left alone, the
 * young generation grows to 105 MB under it, and the old one to several times what lives. Measured at the peak of 200,000
 * and 1,000,000 contacts: 485 and 502 MB instead of 610 and 690, for 6 % more time where no limit slows the source down.
 * Takes effect at once; call it before the process has much to do.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=40');
}
