import { SyncError } from '../model/errors.ts';
import type { DestinationCost, InspectInput, InspectResults } from '../model/inspection.ts';
import type { ActivityDeps } from './deps.ts';

/** Asks each destination of the streams what they have cost there. Opens none where nothing is metered. */
export async function readCosts(
  deps: ActivityDeps,
  { streams, since }: Extract<InspectInput, { verb: 'cost' }>,
  signal: AbortSignal,
): Promise<InspectResults['cost']> {
  if (Number.isNaN(Date.parse(since))) {
    throw new SyncError('ConfigInvalid', 'inspect cost: since is no instant', {
      next: 'give one such as 2026-01-31T12:00:00Z',
    });
  }
  const settings = streams.map((stream) => deps.streamSettings(stream));
  const destinations: DestinationCost[] = [];
  for (const [name, used] of Map.groupBy(settings, ({ destination }) => destination)) {
    const { readCost } = await deps.destination(name);
    const targets = used.map(({ stream, table }) => ({ stream, table }));
    destinations.push({
      destination: name,
      streams: used.map(({ stream }) => stream),
      report: readCost === null ? null : await readCost({ streams: targets, since }, signal),
    });
  }
  return { verb: 'cost', destinations };
}
