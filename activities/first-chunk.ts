import { addRequests, type Batch, type RequestCounts } from '../model/batch.ts';
import type { SourceFrontier } from '../model/frontier.ts';
import { allIds } from '../model/id-range-pool.ts';
import { mostHitsToSearch } from '../model/incremental-start.ts';
import type { StreamPlan } from '../model/plan.ts';
import { planWindows, type Positions } from '../model/positions.ts';
import type { ObjectDescription } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { earnedPositions, laterPositions } from '../model/watermark.ts';
import type { ActivityDeps } from './deps.ts';
import { everyId, everyPage } from './full-frontier.ts';
import { knownScope } from './known-versions.ts';
import type { RunName } from './open-planned-run.ts';
import { newStageFolder } from './stage-folders.ts';
import { stageChunk, type ChunkControl, type StagedChunk } from './stage-chunk.ts';
import type { StreamStanding } from './stream-standing.ts';

/** What a look at the source's changes amounts to. */
export interface ChangesLook {
  /** `Performing incremental sync from … to …`, or why all records were read. */
  readonly text: string;
  /** Once everything found is merged. */
  readonly positions: Positions;
}

/** All that a run looked at before it opened anything. */
export interface Looked extends ChangesLook {
  readonly standing: StreamStanding;
  /** Records at the source by the count check; null where it cannot count, or did not get to it. */
  readonly sourceRecords: number | null;
  readonly sourceNow: string;
  readonly earliestReconcileMs: number;
  readonly requests: RequestCounts;
}

export interface FirstChunk {
  readonly chunk: StagedChunk;
  readonly frontier: SourceFrontier;
  readonly look: ChangesLook;
}

/** Stages the first chunk of what changed, by the method that is quickest for how much it is. */
export async function readFirstChunk(
  deps: ActivityDeps,
  facts: {
    input: RunName;
    settings: StreamSettings;
    standing: StreamStanding;
    description: ObjectDescription;
    plan: StreamPlan;
    /** Staged by earlier runs: what they hold is not staged again. */
    held: readonly Batch[];
  },
  control: ChunkControl,
): Promise<FirstChunk> {
  const { input, settings, standing, description, plan, held } = facts;
  const heldIds = held.map(({ batchId }) => batchId);
  const known = knownScope(plan, standing.generation);
  const read = (frontier: SourceFrontier, maxHits: number | null): Promise<StagedChunk> =>
    stageChunk(
      deps,
      {
        mode: 'incremental',
        run: input.run,
        plan,
        frontier,
        chunkRecords: settings.chunkRecords,
        folder: newStageFolder({ stageRoot: deps.stageRoot, ...input }, held.length + 1),
        isKnown: (id, version) =>
          deps.knownVersions.has(known, id, version) || deps.knownVersions.isStaged(heldIds, id, version),
        maxHits,
        reuseKey: null,
      },
      control,
    );
  const property = description.versionProperty;
  const positions = afterAll(standing, description);
  if (!description.can.searchChanges || property === null) {
    const text = `Performing full sync of ${settings.object}, which cannot be searched for changes`;
    return { chunk: await read(everyPage, null), frontier: everyPage, look: { positions, text } };
  }
  const planned = planWindows(standing.positions, settings.incremental.windows, description.sourceNow);
  const windows = planned.windows.map((window) => ({ ...window, ranges: [allIds] }));
  const frontier: SourceFrontier = { kind: 'windows', property, windows };
  const chunk = await read(frontier, mostHitsToSearch(standing.liveRows));
  if (chunk.tooManyHits !== null) {
    const text = `Performing full sync: ${chunk.tooManyHits} records changed, a listing is quicker than a search`;
    const listed = await read(everyId, null);
    const requests = addRequests(chunk.requests, listed.requests);
    return { chunk: { ...listed, requests }, frontier: everyId, look: { positions, text } };
  }
  const from = planned.windows[0]!.from;
  const text = `Performing incremental sync from ${from} to ${planned.positions.fast}`;
  return { chunk, frontier, look: { positions: planned.positions, text } };
}

/** A read of all records moves both positions as a backfill does, since a list does not trail. */
function afterAll(standing: StreamStanding, { sourceNow }: ObjectDescription): Positions {
  return laterPositions(standing.positions, earnedPositions({ scope: 'whole', firstStartedAt: sourceNow })!);
}
