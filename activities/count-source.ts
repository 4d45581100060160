import { zeroRequests, type RequestCounts } from '../model/batch.ts';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { countRecords } from './count-records.ts';

/** Records at the source, for the count check: null where it cannot count, or where the count could call nothing. */
export async function countSource(
  { source, settings, log }: { source: Source; settings: StreamSettings; log: Log },
  signal: AbortSignal,
): Promise<{ sourceRecords: number | null; requests: RequestCounts }> {
  if (settings.schedules.reconcileMs === null) return { sourceRecords: null, requests: zeroRequests };
  const count = await countRecords({ source, object: settings.object, traffic: 'interactive', log }, signal);
  return { sourceRecords: count?.records ?? null, requests: count?.requests ?? zeroRequests };
}
