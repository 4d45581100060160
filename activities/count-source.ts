import { zeroRequests, type RequestCounts } from '../model/batch.ts';
import { SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';

/** Records at the source, for the count check: null where it cannot count, or where the count could call nothing. */
export async function countSource(
  { source, settings, log }: { source: Source; settings: StreamSettings; log: Log },
  signal: AbortSignal,
): Promise<{ sourceRecords: number | null; requests: RequestCounts }> {
  if (settings.schedules.reconcileMs === null) return { sourceRecords: null, requests: zeroRequests };
  const { object } = settings;
  try {
    const count = await source.countRecords(object, signal, 'interactive');
    return { sourceRecords: count?.records ?? null, requests: count?.requests ?? zeroRequests };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SyncError)) throw error;
    // The check is a hint: what was found must not be lost for it.
    log.warn({ object, reason: error.message }, 'records could not be counted');
    return { sourceRecords: null, requests: zeroRequests };
  }
}
