import { SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { RecordCount, Source } from '../model/source.ts';
import type { Traffic } from '../model/traffic.ts';

/** Records at the source where a count is a hint only: null where it cannot count, and where it cannot do so now. */
export async function countRecords(
  { source, object, traffic, log }: { source: Source; object: string; traffic: Traffic; log: Log },
  signal: AbortSignal,
): Promise<RecordCount | null> {
  try {
    return await source.countRecords(object, signal, traffic);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SyncError)) throw error;
    log.warn({ object, reason: error.message }, 'records could not be counted');
    return null;
  }
}
