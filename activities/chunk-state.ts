import { addRequests, zeroRequests, type RequestCounts, type StageKind } from '../model/batch.ts';
import type { Frontier } from '../model/frontier.ts';

/** How far a chunk has come: counts of what is staged, and the frontier that remains after exactly that. JSON. */
export interface ChunkState {
  readonly frontier: Frontier;
  /** Null while no records are staged, only tombstones or nothing. */
  readonly kind: StageKind | null;
  /** Records and tombstones. */
  readonly records: number;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  readonly absentColumns: readonly string[];
}

/** What one reading brought. */
export type ReadMore = Omit<ChunkState, 'kind'>;

export function beginChunk(frontier: Frontier): ChunkState {
  return { frontier, kind: null, records: 0, roundedValues: 0, requests: zeroRequests, absentColumns: [] };
}

export function afterReading(before: ChunkState, kind: StageKind | null, read: ReadMore): ChunkState {
  return {
    frontier: read.frontier,
    kind: kind ?? before.kind,
    records: before.records + read.records,
    roundedValues: before.roundedValues + read.roundedValues,
    requests: addRequests(before.requests, read.requests),
    absentColumns: [...new Set([...before.absentColumns, ...read.absentColumns])],
  };
}
