import { setTimeout as sleep } from 'node:timers/promises';
import type { IdRange, SourceFrontier } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';

type Windows = Extract<SourceFrontier, { kind: 'windows' }>;
type Ends = readonly [from: string, to: string];

/** All that was modified within windows, both ends included: one of two instants, or several of pairs. */
export function changesBetween(...windows: readonly Ends[]): Windows;
export function changesBetween(
  from: string,
  to: string,
  options?: { property?: string; ranges?: readonly IdRange[] },
): Windows;
export function changesBetween(
  first: string | Ends,
  second?: string | Ends,
  ...rest: readonly (Ends | { property?: string; ranges?: readonly IdRange[] })[]
): Windows {
  if (typeof first === 'string') {
    const [{ property = 'lastmodifieddate', ranges = [allIds] } = {}] = rest as [
      { property?: string; ranges?: IdRange[] }?,
    ];
    return { kind: 'windows', property, windows: [{ from: first, to: second as string, ranges }] };
  }
  const ends = [first, ...(second === undefined ? [] : [second as Ends]), ...(rest as readonly Ends[])];
  return {
    kind: 'windows',
    property: 'lastmodifieddate',
    windows: ends.map(([from, to]) => ({ from, to, ranges: [allIds] })),
  };
}

/** An instant by the simulator's clock after all that was changed before, and before all that is changed after. */
export async function isoAfter({ portal }: RunningSimulator): Promise<string> {
  await sleep(2);
  const instant = new Date(portal.now()).toISOString();
  await sleep(2);
  return instant;
}
