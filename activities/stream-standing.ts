import type { ClaimResult } from '../model/destination.ts';
import { decideIncremental, type IncrementalStart } from '../model/incremental-start.ts';
import type { Positions } from '../model/positions.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ActivityDeps } from './deps.ts';

/** Where the stream stands: as the run before left it, or as the ledger has it. */
export interface StreamStanding {
  readonly generation: number;
  /** As the ledger has them. */
  readonly ledgerPositions: Positions;
  /** Beyond the ledger's where idle runs have gone on. */
  readonly positions: Positions;
  readonly liveRows: number | null;
}

/** Why a stream cannot be read by its changes. */
export type NoStanding = Exclude<IncrementalStart, { kind: 'incremental' }>;

/**
 * What the run before left is enough where a look costs money. Elsewhere the ledger is asked, so that a reset or another run
 * is noticed at once; idle runs since it was last written are believed as long as it stands where they left it.
 */
export async function standingOf(
  deps: ActivityDeps,
  { left, settings }: { left: StreamStanding | null; settings: StreamSettings },
  signal: AbortSignal,
): Promise<StreamStanding | NoStanding> {
  const destination = await deps.destination(settings.destination);
  if (left !== null && destination.isMetered) return left;
  const now = await readStanding(deps, settings, signal);
  if (left === null || 'kind' in now) return now;
  return areSameLedger(now, left) ? { ...now, positions: left.positions } : now;
}

/** Whether both are of one generation and position of the ledger. */
export function areSameLedger(a: StreamStanding, b: StreamStanding): boolean {
  return a.generation === b.generation && areSame(a.ledgerPositions, b.ledgerPositions);
}

function areSame(a: Positions, b: Positions | null): boolean {
  return a.fast === b?.fast && a.settled === b.settled;
}

/** As the ledger has it. */
export async function readStanding(
  deps: ActivityDeps,
  settings: StreamSettings,
  signal: AbortSignal,
): Promise<StreamStanding | NoStanding> {
  const destination = await deps.destination(settings.destination);
  const state = await destination.readState({ stream: settings.stream, table: settings.table }, signal);
  const start = decideIncremental(state, settings.incremental);
  if (start.kind !== 'incremental') return start;
  const { generation, liveRows } = state;
  return { generation, ledgerPositions: start.positions, positions: start.positions, liveRows };
}

/** Whether the ledger is where the stream was thought to stand, or the run itself has begun already. */
export function isStanding(standing: StreamStanding, { generation, state, self }: ClaimResult): boolean {
  if (self !== null) return true;
  return generation === standing.generation && areSame(standing.ledgerPositions, state.positions);
}
