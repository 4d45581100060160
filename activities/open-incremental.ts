import { rm } from 'node:fs/promises';
import { addRequests, zeroRequests, type Batch, type Stage } from '../model/batch.ts';
import type { ClaimResult, Destination } from '../model/destination.ts';
import type { WaitReason } from '../model/errors.ts';
import type { SourceFrontier } from '../model/frontier.ts';
import type { HeldChanges } from '../model/held-changes.ts';
import { allIds } from '../model/id-range-pool.ts';
import { columnLayout, type StreamPlan } from '../model/plan.ts';
import { windowSince, type Positions } from '../model/positions.ts';
import type { RunProgress } from '../model/run.ts';
import type { ObjectDescription, Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { earnedPositions, laterPositions } from '../model/watermark.ts';
import type { ActivityDeps } from './deps.ts';
import { mintBatch } from './extract-chunk.ts';
import type { Looked } from './first-chunk.ts';
import { dropHeld } from './hold-changes.ts';
import { offerHeld } from './offer-held.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import type { PlannedRun } from './planned-run.ts';
import { requireSameAccess } from './require-access.ts';
import type { SettledPlans } from './settled-plans.ts';
import type { StagedChunk } from './stage-chunk.ts';
import { isStanding } from './stream-standing.ts';
import { uploadStage } from './upload-stage.ts';
import { uploadedRun } from './uploaded-runs.ts';

/** What a look brought, and how. */
export interface FoundChunk {
  readonly source: Source;
  readonly destination: Destination;
  readonly description: ObjectDescription;
  /** As config and catalogue ask for it. */
  readonly asked: StreamPlan;
  /** As it was read by: what became of `asked` when it last met the table. */
  readonly plan: StreamPlan;
  readonly chunk: StagedChunk;
  /** What was read of. */
  readonly frontier: SourceFrontier;
  readonly looked: Looked;
}

export type OpenedIncremental = {
  readonly kind: 'begun';
  readonly planned: PlannedRun;
  /** To be merged before `batch`: changes that had waited, and are staged in another form. */
  readonly earlier?: readonly Batch[];
  /** The first chunk, with the changes that had waited; null where it has to be read again, by the plan the run is recorded with. */
  readonly batch: Batch | null;
  /** What stopped the first chunk, if it was the source. */
  readonly wait: WaitReason | null;
} & Looked;

/** Why what waited is read again. */
export const ledgerMovedOn = 'the ledger has moved on';

type IncrementalDeps = ActivityDeps & { readonly settledPlans: SettledPlans };

interface Opening {
  readonly input: RunName & { readonly idleRuns: number };
  readonly settings: StreamSettings;
  readonly held: HeldChanges | null;
  readonly found: FoundChunk;
}

/** Claims the stream and records the run. `misplaced`: what was found, or is held, does not go on from where the ledger is. */
export async function openIncremental(
  deps: IncrementalDeps,
  opening: Opening,
  signal: AbortSignal,
): Promise<OpenedIncremental | { readonly kind: 'misplaced'; readonly reason: string }> {
  const { input, settings, held, found } = opening;
  const { source, destination, plan, chunk, looked } = found;
  const claim = await claimRun(deps, { name: input, plan, destination }, signal);
  const { access } = claim.state;
  const isAccessAsked = access !== null || held !== null;
  const accessNow = isAccessAsked ? await source.describeAccess(settings.object, signal, 'interactive') : null;
  if (access !== null) requireSameAccess(input.stream, { before: access, now: accessNow });
  const isMisplaced = !isStanding(looked.standing, claim);
  const isOfOthers = claim.self === null && held !== null && held.access !== accessNow;
  if (isMisplaced || isOfOthers) {
    if (chunk.stage !== null) await discard(chunk.stage);
    return { kind: 'misplaced', reason: isMisplaced ? ledgerMovedOn : 'the credentials are others now' };
  }
  return begin(deps, { ...opening, claim }, signal);
}

async function begin(
  deps: IncrementalDeps,
  opening: Opening & { readonly claim: ClaimResult },
  signal: AbortSignal,
): Promise<OpenedIncremental> {
  const { input, settings, held, found, claim } = opening;
  const { destination, asked, plan, chunk } = found;
  const startFrontier = held === null ? found.frontier : sinceLedger(opening);
  const looked =
    claim.self === null ? found.looked : { ...found.looked, positions: positionsOf(claim.self, found.looked) };
  const { planned, plan: opened } = await openPlannedRun(
    deps,
    {
      name: input,
      settings,
      destination,
      plan: asked,
      claim,
      scope: 'whole',
      startFrontier,
      firstStartedAt: looked.sourceNow,
      startReason: looked.text,
      estimatedRecords: null,
      chunkRecords: settings.chunkRecords,
      positions: looked.positions,
      comparesAfter: false,
      accessNow: null,
      resumedFrom: null,
      idleRuns: input.idleRuns,
      ...(held === null ? {} : { heldRun: held.run }),
    },
    signal,
  );
  deps.settledPlans.settle(asked, opened, destination.identity);
  const layout = columnLayout(opened);
  const isNew = claim.self === null;
  const isReadable = isNew && layout === columnLayout(plan);
  const mayKeep = held === null || (isNew && layout === held.layout);
  if (held !== null && !mayKeep) {
    const { stages } = destination;
    const reason = isNew ? 'the columns of the table are others now' : 'this run had already begun';
    await dropHeld(deps, { settings, stages, held, reason }, signal);
  }
  if (chunk.stage !== null && !(isReadable && mayKeep)) await discard(chunk.stage);
  if (!mayKeep) return { kind: 'begun', planned, batch: null, wait: chunk.wait, ...looked };

  const batch = isReadable ? await bringBatch(deps, { opening, startFrontier }, signal) : null;
  if (held === null) return { kind: 'begun', planned, batch, wait: chunk.wait, ...looked };
  // What was found and cannot be merged is read again, and so is all since the ledger's positions.
  const isAllThere = batch !== null || chunk.stage === null;
  const frontierAfter = isAllThere ? chunk.frontier : startFrontier;
  const batches = batch === null ? held.batches : [...held.batches, batch];
  const offered = offerHeld(batches, { run: input.run, startFrontier, frontierAfter });
  const last = offered.at(-1)!;
  const waited = held.batches.filter(({ batchId }) => last.joined!.includes(batchId));
  const requests = waited.map((each) => each.requests).reduce(addRequests, zeroRequests);
  return {
    kind: 'begun',
    planned,
    earlier: offered.slice(0, -1),
    batch: last,
    wait: chunk.wait,
    ...looked,
    requests: addRequests(looked.requests, requests),
  };
}

async function bringBatch(
  deps: IncrementalDeps,
  { opening, startFrontier }: { opening: Opening; startFrontier: SourceFrontier },
  signal: AbortSignal,
): Promise<Batch | null> {
  const { input, found } = opening;
  const { destination, plan, chunk } = found;
  if (chunk.stage === null) return null;
  const { stages } = destination;
  const run = uploadedRun(input, plan.table);
  const stage = await uploadStage({ stages, stage: chunk.stage, run }, signal);
  const position = { run: input.run, sequence: 1, predecessor: null, frontier: startFrontier };
  return mintBatch(deps, position, { ...chunk, stage });
}

/**
 * What a run that merges what is held has to read again if that is lost: everything since the ledger's positions. Where the whole
 * object was read, all of it.
 */
function sinceLedger({ settings, found: { frontier, looked } }: Opening): SourceFrontier {
  if (frontier.kind !== 'windows') return frontier;
  const to = frontier.windows.at(-1)!.to;
  const window = windowSince(looked.standing.ledgerPositions, settings.incremental.windows, to);
  return { ...frontier, windows: [{ ...window, ranges: [allIds] }] };
}

/**
 * Of a run that an earlier attempt had opened: it goes on with the windows of then, which ended at its first start, however
 * late it is now. How far the settled pass got is not recorded; the next run makes it again.
 */
function positionsOf({ record }: RunProgress, { standing: { ledgerPositions } }: Looked): Positions {
  const { settled } = ledgerPositions;
  return {
    ...laterPositions(ledgerPositions, earnedPositions({ scope: 'whole', firstStartedAt: record.firstStartedAt })!),
    settled,
  };
}

async function discard({ directory }: Stage): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
