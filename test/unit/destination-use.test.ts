import { expect, it } from 'vitest';
import { checkDestination } from '../../activities/check-connectors.ts';
import type { Destination, DestinationUse } from '../../model/destination.ts';
import type { StreamSettings } from '../../model/stream-settings.ts';

type Timing = Pick<StreamSettings['schedules'], 'incrementalMs' | 'calendars' | 'jitterMs'>;

function stream(schema: string, schedules: Partial<Timing>, hold: StreamSettings['hold'] = null): StreamSettings {
  const usual = { incrementalMs: 120_000, calendars: {}, jitterMs: 0 };
  const settings = { table: { schema, table: 't' }, schedules: { ...usual, ...schedules }, hold };
  return settings as unknown as StreamSettings;
}

it('a check of a destination is told of each schema once, and of every stream with incremental runs by schedule', async () => {
  const told: DestinationUse[] = [];
  const destination = { check: async (use: DestinationUse) => (told.push(use), []) } as unknown as Destination;
  const streams = [
    stream('hubspot', {}),
    stream('hubspot', { incrementalMs: null }),
    stream('raw', { incrementalMs: 3_600_000, calendars: { incremental: { cron: '*/15 * * * *', leastMs: 900_000 } } }),
    stream('raw', { jitterMs: 20_000 }),
    stream('raw', {}, { intervalMs: 600_000, mostBatches: 60 }),
  ];
  const used = { name: 'warehouse', streams };
  await checkDestination({ destination: async () => destination }, used, new AbortController().signal);
  expect(told).toEqual([{ schemas: ['hubspot', 'raw'], incrementalGapsMs: [120_000, 900_000, 100_000, 600_000] }]);
});
