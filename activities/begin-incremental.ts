import { rm } from 'node:fs/promises';
import { zeroRequests, addRequests, type Batch, type RequestCounts, type Stage } from '../model/batch.ts';
import type { ClaimResult, Destination } from '../model/destination.ts';
import { LongWait, SyncError, type WaitReason } from '../model/errors.ts';
import { isFrontierEmpty, type SourceFrontier } from '../model/frontier.ts';
import { allIds } from '../model/id-range-pool.ts';
import { decideIncremental, mostHitsToSearch } from '../model/incremental-start.ts';
import type { Log } from '../model/log.ts';
import type { StreamPlan } from '../model/plan.ts';
import { planWindows, type Positions, type TimeWindow } from '../model/positions.ts';
import type { RunProgress } from '../model/run.ts';
import type { ObjectDescription, Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { earnedPositions } from '../model/watermark.ts';
import { buildPlan } from './build-plan.ts';
import { requireSameAccess } from './require-access.ts';
import { trustedNow } from './trusted-now.ts';
import type { ActivityDeps } from './deps.ts';
import { mintBatch } from './extract-chunk.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import { knownScope } from './known-versions.ts';
import type { PlannedRun, PlanWait } from './planned-run.ts';
import type { SettledPlans } from './settled-plans.ts';
import { newStageFolder, removeRunStages } from './stage-folders.ts';
import { stageChunk, type ChunkControl, type StagedChunk } from './stage-chunk.ts';

/** Where the stream stands: as the run before left it, or as the ledger has it. */
export interface StreamStanding {
  readonly generation: number;
  /** As the ledger has them. */
  readonly ledgerPositions: Positions;
  /** Beyond the ledger's where idle runs have gone on. */
  readonly positions: Positions;
  readonly liveRows: number | null;
}

export interface BeginIncrementalInput extends RunName {
  readonly mode: 'incremental';
  readonly forceFullSync: boolean;
  /** What the run before left; null where there is none. */
  readonly standing: StreamStanding | null;
  readonly idleRuns: number;
}

interface Looked {
  readonly text: string;
  readonly standing: StreamStanding;
  readonly windows: readonly TimeWindow[];
  /** Once everything found is merged. */
  readonly positions: Positions;
  /** Records at the source by the count check; null where it cannot count, or did not get to it. */
  readonly sourceRecords: number | null;
  readonly sourceNow: string;
  readonly earliestReconcileMs: number;
  readonly requests: RequestCounts;
}

export type BegunIncrementalRun =
  | PlanWait
  | { readonly kind: 'needsBackfill'; readonly reason: string }
  | { readonly kind: 'fullSync'; readonly reason: string }
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
    const standing = await standingOf(deps, { input, settings }, control.signal);
    if ('kind' in standing) return standing;
    return await lookForChanges(deps, { input, settings, standing }, control);
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

type NoStanding = Extract<BegunIncrementalRun, { kind: 'needsBackfill' | 'fullSync' }>;

/**
 * What the run before left is enough where a look costs money. Elsewhere the ledger is asked, so that a reset or another run
 * is noticed at once; idle runs since it was last written are believed as long as it stands where they left it.
 */
async function standingOf(
  deps: ActivityDeps,
  { input, settings }: { input: BeginIncrementalInput; settings: StreamSettings },
  signal: AbortSignal,
): Promise<StreamStanding | NoStanding> {
  const left = input.standing;
  const destination = await deps.destination(settings.destination);
  if (left !== null && destination.isMetered) return left;
  const now = await readStanding(deps, settings, signal);
  if (left === null || 'kind' in now) return now;
  const isSame = now.generation === left.generation && areSame(now.ledgerPositions, left.ledgerPositions);
  return isSame ? { ...now, positions: left.positions } : now;
}

function areSame(a: Positions, b: Positions | null): boolean {
  return a.fast === b?.fast && a.settled === b.settled;
}

async function readStanding(
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

async function lookForChanges(
  deps: ActivityDeps & { settledPlans: SettledPlans },
  { input, settings, standing }: { input: BeginIncrementalInput; settings: StreamSettings; standing: StreamStanding },
  control: ChunkControl,
): Promise<BegunIncrementalRun> {
  const source = await deps.source(settings.source);
  const destination = await deps.destination(settings.destination);
  const described = await source.describeObject(settings.object, control.signal);
  const description = { ...described, sourceNow: trustedNow(described.sourceNow) };
  const asked = buildPlan(settings, description);
  const plan = deps.settledPlans.of(asked, destination.identity);
  const [{ chunk, look, frontier }, { sourceRecords, requests }] = await Promise.all([
    readFirstChunk(deps, { input, settings, standing, description, plan }, control),
    countSource({ source, settings, log: deps.log }, control.signal),
  ]);
  const looked: Looked = {
    ...look,
    standing,
    sourceRecords,
    sourceNow: description.sourceNow,
    earliestReconcileMs: settings.reconcile.earliestMs,
    requests: addRequests({ ...requests, requests: requests.requests + 1 }, chunk.requests),
  };
  if (chunk.stage === null || chunk.records === 0) {
    // What killed attempts left goes too: a run that takes no claim is not the next one's to sweep until that one finds a change.
    await removeRunStages({ stageRoot: deps.stageRoot, ...input });
    if (chunk.wait !== null) return { kind: 'wait', wait: chunk.wait };
    if (isFrontierEmpty(chunk.frontier)) return { kind: 'idle', ...looked };
    control.signal.throwIfAborted();
  }
  const claim = await claimRun(deps, { name: input, plan, destination }, control.signal);
  if (claim.state.access !== null) {
    const accessNow = await source.describeAccess(settings.object, control.signal);
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

interface FirstChunk {
  readonly chunk: StagedChunk;
  readonly frontier: SourceFrontier;
  readonly look: Pick<Looked, 'text' | 'windows' | 'positions'>;
}

async function readFirstChunk(
  deps: ActivityDeps,
  facts: {
    input: BeginIncrementalInput;
    settings: StreamSettings;
    standing: StreamStanding;
    description: ObjectDescription;
    plan: StreamPlan;
  },
  control: ChunkControl,
): Promise<FirstChunk> {
  const { input, settings, standing, description, plan } = facts;
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
        folder: newStageFolder({ stageRoot: deps.stageRoot, ...input }, 1),
        isKnown: (id, version) => deps.knownVersions.has(known, id, version),
        maxHits,
      },
      control,
    );
  const property = description.versionProperty;
  const whole = wholeRead(standing, description);
  if (!description.can.searchChanges || property === null) {
    const frontier: SourceFrontier = { kind: 'pages', after: null, done: false, remaining: null };
    const text = `Performing full sync of ${settings.object}, which cannot be searched for changes`;
    return { chunk: await read(frontier, null), frontier, look: { ...whole, text } };
  }
  const planned = planWindows(standing.positions, settings.incremental.windows, description.sourceNow);
  const windows = planned.windows.map((window) => ({ ...window, ranges: [allIds] }));
  const frontier: SourceFrontier = { kind: 'windows', property, windows };
  const chunk = await read(frontier, mostHitsToSearch(standing.liveRows));
  if (chunk.tooManyHits !== null) {
    const everything: SourceFrontier = { kind: 'idRanges', ranges: [allIds] };
    const text = `Performing full sync: ${chunk.tooManyHits} records changed, a listing is quicker than a search`;
    const listed = await read(everything, null);
    const requests = addRequests(chunk.requests, listed.requests);
    return { chunk: { ...listed, requests }, frontier: everything, look: { ...whole, text } };
  }
  const from = planned.windows[0]!.from;
  const text = `Performing incremental sync from ${from} to ${planned.positions.fast}`;
  return { chunk, frontier, look: { ...planned, text } };
}

/** A read of all records moves both positions as a backfill does, since a list does not trail. */
function wholeRead(standing: StreamStanding, { sourceNow }: ObjectDescription): Pick<Looked, 'windows' | 'positions'> {
  const earned = earnedPositions({ scope: 'whole', firstStartedAt: sourceNow })!;
  return { windows: [], positions: latest(standing.positions, earned) };
}

function latest(a: Positions, b: Positions): Positions {
  return { fast: a.fast > b.fast ? a.fast : b.fast, settled: a.settled > b.settled ? a.settled : b.settled };
}

async function countSource(
  { source, settings, log }: { source: Source; settings: StreamSettings; log: Log },
  signal: AbortSignal,
): Promise<{ sourceRecords: number | null; requests: RequestCounts }> {
  // A stream whose reconciliation is off has nothing that the count could call.
  if (settings.schedules.reconcileMs === null) return { sourceRecords: null, requests: zeroRequests };
  const { object } = settings;
  try {
    const count = await source.countRecords(object, signal);
    return { sourceRecords: count?.records ?? null, requests: count?.requests ?? zeroRequests };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SyncError)) throw error;
    // The check is a hint: what was found must not be lost for it.
    log.warn({ object, reason: error.message }, 'records could not be counted');
    return { sourceRecords: null, requests: zeroRequests };
  }
}

function isStanding(standing: StreamStanding, { generation, state, self }: ClaimResult): boolean {
  if (self !== null) return true;
  return generation === standing.generation && areSame(standing.ledgerPositions, state.positions);
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
  const isUsable = claim.self === null && hasColumnsOf(opened, plan);
  if (chunk.stage === null || !isUsable) {
    if (chunk.stage !== null) await discard(chunk.stage);
    return { kind: 'begun', planned, batch: null, wait: chunk.wait, ...looked };
  }
  const position = { run: input.run, sequence: 1, predecessor: null, frontier: startFrontier };
  const batch = mintBatch(deps, position, { ...chunk, stage: chunk.stage });
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
    ...latest(ledgerPositions, earnedPositions({ scope: 'whole', firstStartedAt: record.firstStartedAt })!),
    settled,
  };
}

/** The stage is laid out by the columns it was read with. */
function hasColumnsOf(a: StreamPlan, b: StreamPlan): boolean {
  const layout = (plan: StreamPlan): string =>
    JSON.stringify(plan.columns.map(({ name, property }) => [name, property]));
  return layout(a) === layout(b);
}

async function discard({ directory }: Stage): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
