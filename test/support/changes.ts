import { setTimeout as sleep } from 'node:timers/promises';
import type { IdRange, SourceFrontier } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import type { TimeWindow } from '../../model/positions.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';

/** All contacts modified, or whatever `property` says, within the windows. */
export function changesIn(
  windows: readonly TimeWindow[],
  {
    property = 'lastmodifieddate',
    ranges = [allIds],
  }: { readonly property?: string; readonly ranges?: readonly IdRange[] } = {},
): SourceFrontier {
  return { kind: 'windows', property, windows: windows.map((window) => ({ ...window, ranges })) };
}

/** An instant by the simulator's clock after all that was changed before, and before all that is changed after. */
export async function instantBetween({ portal }: RunningSimulator): Promise<string> {
  await sleep(2);
  const instant = new Date(portal.now()).toISOString();
  await sleep(2);
  return instant;
}
