import { z } from 'zod';
import { LongWait } from '../../model/errors.ts';
import type { DailyUsage, SourceUsage } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { nextDailyReset } from './daily-reset.ts';

/** As for `check`: somebody waits for the answer. */
const maxRetryMs = 3_000;

const usageSchema = z.object({
  results: z.array(z.object({ currentUsage: z.number(), usageLimit: z.number().nullish() })).min(1),
});

/** How much of the day's requests is left, for all apps that share the account's limit. */
export async function readUsage(
  { api, paths }: { api: HubSpotApi; paths: ApiPaths },
  signal: AbortSignal,
): Promise<SourceUsage> {
  const call = { method: 'GET', path: paths.dailyUsage, bucket: 'burst', signal, maxRetryMs } as const;
  try {
    const { json, serverDate } = await api.call(call, new RequestMeter('interactive'));
    const machineNow = new Date();
    return {
      daily: dailyUsageOf(json, machineNow.getTime()),
      sourceNow: serverDate,
      machineNow: machineNow.toISOString(),
    };
  } catch (error) {
    if (!(error instanceof LongWait)) throw error;
    const machineNow = new Date().toISOString();
    return { daily: spent(error.wait.until, machineNow), sourceNow: null, machineNow };
  }
}

/** Null where the answer has another shape, or the account no limit: a look must not fail for that. */
export function dailyUsageOf(answer: unknown, nowMs: number): DailyUsage | null {
  const parsed = usageSchema.safeParse(answer);
  const usage = parsed.data?.results[0];
  const limit = usage?.usageLimit;
  if (usage === undefined || limit === null || limit === undefined) return null;
  return { limit, left: Math.max(0, limit - usage.currentUsage), resetsAt: nextDailyReset(answer, nowMs) };
}

/** The question itself was refused for the limit it asks about. */
function spent(until: string | null, now: string): DailyUsage {
  return { limit: null, left: 0, resetsAt: until ?? now };
}
