import type { Traffic } from './traffic.ts';

/** Of a lane's slots, what bulk traffic keeps however much interactive traffic there is. */
const bulkShare = 0.1;
/** For so long after interactive traffic, bulk traffic is spread evenly: longer than most schedules' intervals. */
const pacedForMs = 300_000;
/** How many slots a pace may catch up on at once: timers come late. */
const paceSlack = 4;
/** How soon to look again while it is somebody else's turn. */
const turnMs = 5;

/** One limit of an account, as all who share it see it. Times are of one monotonic clock. */
export interface Lane {
  readonly limit: number;
  readonly windowMs: number;
  /** Slots taken by each: in flight, or answered less than a window ago. */
  readonly used: Readonly<Record<Traffic, number>>;
  /** Slots that others than Sluice were seen to use. */
  readonly foreign: number;
  /** Nothing tells what the window still holds: one request alone has to find out. */
  readonly needsProbe: boolean;
  /** Whether a request is on its way that may; not one that was sent so long ago that its sender may stand still. */
  readonly isProbing: boolean;
  readonly blockedUntilMs: number;
  /** When interactive traffic last took a slot. */
  readonly interactiveAtMs: number | null;
  /** While paced: the next bulk request is due at this instant. */
  readonly paceAtMs: number;
  /** When a slot is free next by itself; null while only answers could free one. */
  readonly nextFreeAtMs: number | null;
}

/** Who else waits for a slot of the lane. */
export interface Line {
  /** Somebody of the same traffic has waited longer. */
  readonly isBehind: boolean;
  /** Somebody of the other traffic waits. */
  readonly otherWaits: boolean;
}

export type TakeDecision =
  | { readonly kind: 'take' }
  /** Null where nothing tells when: look again soon. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

/**
 * Whether a request may be sent now. Interactive traffic goes first, since few of its requests make people wait; but bulk traffic
 * keeps a tenth of the lane. What either leaves, the other uses.
 */
export function decideTake(
  lane: Lane,
  asker: { readonly traffic: Traffic; readonly ownLimit: number; readonly line: Line },
  nowMs: number,
): TakeDecision {
  const { traffic, ownLimit, line } = asker;
  if (nowMs < lane.blockedUntilMs) return wait(lane.blockedUntilMs);
  if (lane.needsProbe && lane.isProbing) return wait(null);
  const own = lane.used.interactive + lane.used.bulk;
  const room = Math.min(lane.limit - lane.foreign, ownLimit) - own;
  if (room <= 0) return wait(lane.nextFreeAtMs);
  if (line.isBehind) return wait(nowMs + turnMs);
  const kept = bulkSlots(Math.min(lane.limit, ownLimit)) - lane.used.bulk;
  if (traffic === 'interactive') {
    return line.otherWaits && room <= kept ? wait(lane.nextFreeAtMs) : { kind: 'take' };
  }
  if (line.otherWaits && kept <= 0) return wait(nowMs + turnMs);
  return isPaced(lane, nowMs) && nowMs < lane.paceAtMs ? wait(lane.paceAtMs) : { kind: 'take' };
}

/**
 * When the bulk request after one that is sent now is due. A lane that bulk traffic has to itself is used up at once and then
 * stands still until the window has passed; spread evenly, as many requests go out, and a slot falls free every moment.
 */
export function nextPaceAtMs(lane: Lane, ownLimit: number, nowMs: number): number {
  const everyMs = lane.windowMs / Math.max(1, Math.min(lane.limit - lane.foreign, ownLimit));
  return Math.max(lane.paceAtMs, nowMs - paceSlack * everyMs) + everyMs;
}

function isPaced({ interactiveAtMs }: Lane, nowMs: number): boolean {
  return interactiveAtMs !== null && nowMs - interactiveAtMs < pacedForMs;
}

/** Never all of a lane: where there is one slot in it, interactive traffic goes first. */
function bulkSlots(limit: number): number {
  return Math.min(Math.ceil(limit * bulkShare), limit - 1);
}

function wait(untilMs: number | null): TakeDecision {
  return { kind: 'wait', untilMs };
}
