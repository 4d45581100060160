import { rm } from 'node:fs/promises';
import { addRequests, type Batch, type RequestCounts, type Stage } from '../model/batch.ts';
import type { ClaimResult, Destination } from '../model/destination.ts';
import { LongWait, type WaitReason } from '../model/errors.ts';
import { isFrontierEmpty, type SourceFrontier } from '../model/frontier.ts';
import { columnLayout, type StreamPlan } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import type { RunProgress } from '../model/run.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { earnedPositions, laterPositions } from '../model/watermark.ts';
import { buildPlan } from './build-plan.ts';
import { countSource } from './count-source.ts';
import type { ActivityDeps } from './deps.ts';
import { mintBatch } from './extract-chunk.ts';
import { readFirstChunk, type ChangesLook } from './first-chunk.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import type { PlannedRun, PlanWait } from './planned-run.ts';
import { requireSameAccess } from './require-access.ts';
import type { SettledPlans } from './settled-plans.ts';
import type { ChunkControl, StagedChunk } from './stage-chunk.ts';
import { removeRunStages } from './stage-folders.ts';
import { isStanding, readStanding, standingOf, type NoStanding, type StreamStanding } from './stream-standing.ts';
import { trustedNow } from './trusted-now.ts';
import { uploadStage } from './upload-stage.ts';
import { uploadedRun } from './uploaded-runs.ts';

export interface BeginIncrementalInput extends RunName {
  readonly mode: 'incremental';
  readonly forceFullSync: boolean;
  /** What the run before left; null where there is none. */
  readonly standing: StreamStanding | null;
  readonly idleRuns: number;
}

interface Looked extends ChangesLook {
  readonly standing: StreamStanding;
  /** Records at the source by the count check; null where it cannot count, or did not get to it. */
  readonly sourceRecords: number | null;
  readonly sourceNow: string;
  readonly earliestReconcileMs: number;
  readonly requests: RequestCounts;
}

export type BegunIncrementalRun =
  | PlanWait
  | NoStanding
  | ({ readonly kind: 'idle' } & Looked)
  | ({
      readonly kind: 'begun';
      readonly planned: PlannedRun;
      /** The first chunk; null where it has to be read again, by the plan the run is recorded with. */
      readonly batch: Batch | null;
      /** What stopped the first chunk, if it was the source. */
      readonly wait: WaitReason | null;
    } & Looked);

/**
 * Looks for changes, and begins a run only where there are some: a stream without a change costs a few requests, writes
 * nothing, and opens no destination as long as the run before told where it stood (rule 16 of docs/spec.md). The first chunk is
 * read right away, so that a few changes are one step and one merge.
 */
export async function beginIncremental(
  deps: ActivityDeps & { settledPlans: SettledPlans },
  input: BeginIncrementalInput,
  control: ChunkControl,
): Promise<BegunIncrementalRun> {
  const settings = deps.streamSettings(input.stream);
  if (input.forceFullSync) return { kind: 'fullSync', reason: 'asked for' };
  if (!settings.incremental.enabled) return { kind: 'fullSync', reason: 'incremental sync is switched off' };
  try {
    const standing = await standingOf(deps, { left: input.standing, settings }, control.signal);
    if ('kind' in standing) return standing;
    return await lookForChanges(deps, { input, settings, standing }, control);
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

async function lookForChanges(
  deps: ActivityDeps & { settledPlans: SettledPlans },
  { input, settings, standing }: { input: BeginIncrementalInput; settings: StreamSettings; standing: StreamStanding },
  control: ChunkControl,
): Promise<BegunIncrementalRun> {
  const source = await deps.source(settings.source);
  const destination = await deps.destination(settings.destination);
  const described = await source.describeObject(settings.object, control.signal, 'interactive');
  const description = { ...described, sourceNow: trustedNow(described.sourceNow) };
  const asked = buildPlan(settings, description);
  const plan = deps.settledPlans.of(asked, destination.identity);
  const [first, { sourceRecords, requests }] = await Promise.all([
    readFirstChunk(deps, { input, settings, standing, description, plan }, control),
    countSource({ source, settings, log: deps.log }, control.signal),
  ]);
  const { look, frontier } = first;
  const chunk = first.chunk.records === 0 ? { ...first.chunk, stage: null } : first.chunk;
  const looked: Looked = {
    ...look,
    standing,
    sourceRecords,
    sourceNow: description.sourceNow,
    earliestReconcileMs: settings.reconcile.earliestMs,
    requests: addRequests({ ...requests, requests: requests.requests + 1 }, chunk.requests),
  };
  if (chunk.stage === null) {
    // What killed attempts left goes too: a run that takes no claim is not the next one's to sweep until that one finds a change.
    await removeRunStages({ stageRoot: deps.stageRoot, ...input });
    if (chunk.wait !== null) return { kind: 'wait', wait: chunk.wait };
    if (isFrontierEmpty(chunk.frontier)) return { kind: 'idle', ...looked };
    control.signal.throwIfAborted();
  }
  const claim = await claimRun(deps, { name: input, plan, destination }, control.signal);
  if (claim.state.access !== null) {
    const accessNow = await source.describeAccess(settings.object, control.signal, 'interactive');
    requireSameAccess(input.stream, { before: claim.state.access, now: accessNow });
  }
  if (!isStanding(standing, claim)) {
    // Somebody else moved the ledger on, or the stream was reset: what was found begins at the wrong place.
    if (chunk.stage !== null) await discard(chunk.stage);
    const now = await readStanding(deps, settings, control.signal);
    return 'kind' in now ? now : lookForChanges(deps, { input, settings, standing: now }, control);
  }
  return begin(
    deps,
    { input, settings, destination, asked, plan, claim, chunk, looked, startFrontier: frontier },
    control.signal,
  );
}

async function begin(
  deps: ActivityDeps & { settledPlans: SettledPlans },
  facts: {
    input: BeginIncrementalInput;
    settings: StreamSettings;
    destination: Destination;
    /** As config and catalogue ask for it. */
    asked: StreamPlan;
    /** As it was read by: what became of `asked` when it last met the table. */
    plan: StreamPlan;
    claim: ClaimResult;
    chunk: StagedChunk;
    looked: Looked;
    startFrontier: SourceFrontier;
  },
  signal: AbortSignal,
): Promise<BegunIncrementalRun> {
  const { input, settings, destination, asked, plan, claim, chunk, startFrontier } = facts;
  const looked = claim.self === null ? facts.looked : { ...facts.looked, positions: positionsOf(claim.self, facts) };
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
    },
    signal,
  );
  deps.settledPlans.settle(asked, opened, destination.identity);
  const isUsable = claim.self === null && columnLayout(opened) === columnLayout(plan);
  if (chunk.stage === null || !isUsable) {
    if (chunk.stage !== null) await discard(chunk.stage);
    return { kind: 'begun', planned, batch: null, wait: chunk.wait, ...looked };
  }
  const { stages } = destination;
  const run = uploadedRun(input, plan.table);
  const stage = await uploadStage({ stages, stage: chunk.stage, run }, signal);
  const position = { run: input.run, sequence: 1, predecessor: null, frontier: startFrontier };
  const batch = mintBatch(deps, position, { ...chunk, stage });
  return { kind: 'begun', planned, batch, wait: chunk.wait, ...looked };
}

/**
 * Of a run that an earlier attempt had opened: it goes on with the windows of then, which ended at its first start, however
 * late it is now. How far the settled pass got is not recorded; the next run makes it again.
 */
function positionsOf({ record }: RunProgress, { looked }: { looked: Looked }): Positions {
  const { ledgerPositions } = looked.standing;
  const { settled } = ledgerPositions;
  return {
    ...laterPositions(ledgerPositions, earnedPositions({ scope: 'whole', firstStartedAt: record.firstStartedAt })!),
    settled,
  };
}

async function discard({ directory }: Stage): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
