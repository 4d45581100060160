import { addRequests } from '../model/batch.ts';
import { LongWait } from '../model/errors.ts';
import { isFrontierEmpty } from '../model/frontier.ts';
import { changesText, countHeld, decideHold, type HeldChanges, type HoldState } from '../model/held-changes.ts';
import { columnLayout } from '../model/plan.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { buildPlan } from './build-plan.ts';
import { countSource } from './count-source.ts';
import type { ActivityDeps } from './deps.ts';
import { readFirstChunk, type Looked } from './first-chunk.ts';
import { dropHeld, heldPlanName, holdChunk, requireStages } from './hold-changes.ts';
import { ledgerMovedOn, openIncremental, type FoundChunk, type OpenedIncremental } from './open-incremental.ts';
import type { RunName } from './open-planned-run.ts';
import type { PlanWait } from './planned-run.ts';
import type { SettledPlans } from './settled-plans.ts';
import type { ChunkControl } from './stage-chunk.ts';
import { removeRunStages } from './stage-folders.ts';
import { areSameLedger, readStanding, standingOf, type NoStanding, type StreamStanding } from './stream-standing.ts';
import { trustedNow } from './trusted-now.ts';

export interface BeginIncrementalInput extends RunName {
  readonly mode: 'incremental';
  readonly forceFullSync: boolean;
  /** What the run before left; null where there is none. */
  readonly standing: StreamStanding | null;
  readonly idleRuns: number;
  /** Absent in runs that an earlier release began. */
  readonly waiting?: HoldState;
}

export type BegunIncrementalRun =
  | PlanWait
  | NoStanding
  | ({ readonly kind: 'idle' } & Looked)
  /** What was found waits, staged, with what had waited before. `changes`: records and tombstones that this run found. */
  | ({ readonly kind: 'held'; readonly held: HeldChanges; readonly changes: number } & Looked)
  | OpenedIncremental;

type IncrementalDeps = ActivityDeps & { readonly settledPlans: SettledPlans };

/** Where a look begins. */
interface Start extends HoldState {
  readonly input: BeginIncrementalInput;
  readonly settings: StreamSettings;
  readonly standing: StreamStanding;
  /** What had waited and is read again by this run; null for nothing. */
  readonly dropped: string | null;
}

/**
 * Looks for changes, and begins a run only where there are some to be merged: a stream without a change costs a few requests, writes
 * nothing, and opens no destination as long as the run before told where it stood (rule 16 of docs/spec.md); no more does one
 * whose changes may wait, staged. The first chunk is read right away, so that a few changes are one step and one merge.
 */
export async function beginIncremental(
  deps: IncrementalDeps,
  input: BeginIncrementalInput,
  control: ChunkControl,
): Promise<BegunIncrementalRun> {
  const settings = deps.streamSettings(input.stream);
  requireStages(settings, await deps.destination(settings.destination));
  if (input.forceFullSync) return { kind: 'fullSync', reason: 'asked for' };
  if (!settings.incremental.enabled) return { kind: 'fullSync', reason: 'incremental sync is switched off' };
  try {
    const standing = await standingOf(deps, { left: input.standing, settings }, control.signal);
    if ('kind' in standing) return standing;
    const { held = null, lookedAt = null, isAsked = false } = input.waiting ?? {};
    const start: Start = { input, settings, standing, held, lookedAt, isAsked, dropped: null };
    const isLeft = input.standing !== null && areSameLedger(standing, input.standing);
    return await lookForChanges(deps, isLeft ? start : await withoutHeld(deps, start, ledgerMovedOn, control), control);
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

async function lookForChanges(
  deps: IncrementalDeps,
  start: Start,
  control: ChunkControl,
): Promise<BegunIncrementalRun> {
  const { input, settings, standing, held } = start;
  const { signal } = control;
  const source = await deps.source(settings.source);
  const destination = await deps.destination(settings.destination);
  const described = await source.describeObject(settings.object, signal, 'interactive');
  const description = { ...described, sourceNow: trustedNow(described.sourceNow) };
  const asked = buildPlan(settings, description);
  const planName = heldPlanName(asked, destination.identity);
  if (held !== null && held.plan !== planName) {
    return lookForChanges(deps, await withoutHeld(deps, start, 'the columns are others now', control), control);
  }
  const plan = deps.settledPlans.of(asked, destination.identity);
  const batches = held?.batches ?? [];
  const from = { ...standing, positions: held?.positions ?? standing.positions };
  const [first, { sourceRecords, requests }] = await Promise.all([
    readFirstChunk(deps, { input, settings, standing: from, description, plan, held: batches }, control),
    countSource({ source, settings, log: deps.log }, signal),
  ]);
  const chunk = first.chunk.records === 0 ? { ...first.chunk, stage: null } : first.chunk;
  const looked: Looked = {
    ...first.look,
    text: start.dropped === null ? first.look.text : `${first.look.text}; ${start.dropped}`,
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
    if (isFrontierEmpty(chunk.frontier) && held === null) return { kind: 'idle', ...looked };
    if (!isFrontierEmpty(chunk.frontier)) signal.throwIfAborted();
  }
  const found: FoundChunk = { source, destination, description, asked, plan, chunk, frontier: first.frontier, looked };
  const waiting = await tryHold(deps, { start, found, planName }, signal);
  if (waiting !== null) return waiting;
  const opened = await openIncremental(deps, { input, settings, held, found }, signal);
  if (opened.kind === 'begun') return opened;
  // Somebody else moved the ledger on, or the stream was reset: what was found begins at the wrong place.
  const now = await readStanding(deps, settings, signal);
  const without = await withoutHeld(deps, start, opened.reason, control);
  return 'kind' in now ? now : lookForChanges(deps, { ...without, standing: now, isAsked: true }, control);
}

/** Null where what was found is to be merged now, with what is held. */
async function tryHold(
  deps: IncrementalDeps,
  { start, found, planName }: { start: Start; found: FoundChunk; planName: string },
  signal: AbortSignal,
): Promise<BegunIncrementalRun | null> {
  const { input, settings, held } = start;
  const { source, destination, plan, chunk, looked } = found;
  const records = chunk.stage === null ? 0 : chunk.records;
  const decision = decideHold({
    ...start,
    hold: settings.hold,
    found: {
      isComplete: chunk.wait === null && isFrontierEmpty(chunk.frontier),
      records,
      plan: planName,
      layout: columnLayout(plan),
    },
    chunkRecords: settings.chunkRecords,
    now: looked.sourceNow,
    gapMs: settings.schedules.incrementalMs ?? 0,
  });
  const { stages } = destination;
  if (decision.kind === 'apply' || stages === null) return null;
  if (chunk.stage === null) {
    if (held === null) return null;
    return { kind: 'held', held: { ...held, positions: looked.positions }, changes: 0, ...looked };
  }
  const access = await source.describeAccess(settings.object, signal, 'interactive');
  if (held !== null && held.access !== access) return null;
  const { frontier } = found;
  const { positions, requests } = looked;
  const facts = { stages, input, plan, planName, access, decision, held, frontier, positions, requests };
  const holding = await holdChunk(deps, { ...facts, chunk: { ...chunk, stage: chunk.stage } }, signal);
  await removeRunStages({ stageRoot: deps.stageRoot, ...input });
  return { kind: 'held', held: holding, changes: records, ...looked };
}

/** Begins where the first run that held something began, so that it is read again. */
async function withoutHeld(
  deps: IncrementalDeps,
  start: Start,
  reason: string,
  { signal }: ChunkControl,
): Promise<Start> {
  const { settings, held } = start;
  if (held === null) return start;
  const { stages } = await deps.destination(settings.destination);
  await dropHeld(deps, { settings, stages, held, reason }, signal);
  const dropped = `what was staged (${changesText(countHeld(held.batches))}) is read again, since ${reason}`;
  return { ...start, held: null, lookedAt: held.since, dropped };
}
