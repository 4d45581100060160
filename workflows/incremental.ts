import {
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { BegunIncrementalRun } from '../activities/begin-incremental.ts';
import type { PlanWait } from '../activities/planned-run.ts';
import type { StreamStanding } from '../activities/stream-standing.ts';
import { checkCount, noCounts, type CountHistory } from '../model/count-check.ts';
import { changesText, heldText } from '../model/held-changes.ts';
import { syncWorkflowId } from '../model/workflow-id.ts';
import { backfill } from './backfill.ts';
import {
  applySignal,
  type BackfillResult,
  type BegunIncremental,
  type IncrementalCache,
  type IncrementalInput,
  type IncrementalResult,
} from './messages.ts';
import { requireStart } from './start-check.ts';
import { SyncRun } from './sync-run.ts';

type Begun<Kind extends BegunIncrementalRun['kind']> = Extract<BegunIncrementalRun, { kind: Kind }>;

/**
 * Brings over what changed since the stream's positions. Without a change nothing is written and no destination opened; a
 * stream that may not or cannot be read by its changes is read whole in its place. Start it under the id
 * `incremental/<pipeline>.<stream>`, or by a schedule of that id.
 */
export async function incremental(input: IncrementalInput): Promise<IncrementalResult> {
  requireStart('incremental', input);
  const { stream, forceFullSync = false, continued = null } = input;
  const sync = new SyncRun({ mode: 'incremental', stream, continued });
  const before = cacheOfLastRun();
  const asked = installApplySwitch();
  let begun = continued?.incremental ?? null;
  const result = await sync.guard(async () => {
    if (continued !== null) {
      sync.begin(continued);
    } else {
      const { start, left } = await startRun(sync, { forceFullSync, before, asked });
      if (start.kind === 'idle') return idle(sync, start, left);
      if (start.kind === 'held') return staged(sync, start, left);
      if (start.kind !== 'begun') return instead(sync, start, left);
      begun = noteOf(start, left);
      const { batch, requests, wait } = start;
      const earlier = (start.earlier ?? []).map((each) => ({ batch: each, requests: each.requests, wait: null }));
      sync.begin(start.planned, [...earlier, { batch, requests, wait }]);
    }
    return begun !== null && (await sync.readToTheEnd()) ? finish(sync, begun) : null;
  });
  if (result !== null) return result;
  return continueAsNew<typeof incremental>({ ...input, continued: { ...sync.continuation, incremental: begun! } });
}

/** What the schedule's last run left. Void where there is none, or the run was started by hand. */
function cacheOfLastRun(): IncrementalCache | null {
  const last = workflowInfo().lastResult as IncrementalResult | undefined;
  return last?.next ?? null;
}

/** Whether somebody wants what is held to be merged by this run. */
interface ApplySwitch {
  readonly isSet: boolean;
}

function installApplySwitch(): ApplySwitch {
  const state = { isSet: false };
  setHandler(applySignal, () => void (state.isSet = true), {
    description: 'Merge what this run and those before it have staged, however young it is. No input',
  });
  return state;
}

interface StartOrder {
  readonly forceFullSync: boolean;
  readonly before: IncrementalCache | null;
  readonly asked: ApplySwitch;
}

/** How the run starts, and what was left to it; whoever asks while it stages has it go on. */
async function startRun(
  sync: SyncRun,
  { forceFullSync, before, asked }: StartOrder,
): Promise<{ start: Exclude<BegunIncrementalRun, PlanWait>; left: IncrementalCache | null }> {
  let left = before;
  for (;;) {
    const start = await sync.plan(() => beginRun(sync, { forceFullSync, before: left, isAsked: asked.isSet }));
    if (start.kind !== 'held' || !asked.isSet) return { start, left };
    left = cacheOf(start, left);
  }
}

async function beginRun(
  sync: SyncRun,
  { forceFullSync, before, isAsked }: { forceFullSync: boolean; before: IncrementalCache | null; isAsked: boolean },
): Promise<BegunIncrementalRun> {
  const standing = before === null ? null : standingOf(before);
  const input = {
    ...sync.name,
    mode: 'incremental',
    forceFullSync,
    standing,
    idleRuns: before?.idleRuns ?? 0,
    waiting: { held: before?.held ?? null, lookedAt: before?.lookedAt ?? null, isAsked },
  } as const;
  return sync.extraction.beginIncremental.executeWithOptions({ summary: input.stream }, [input]);
}

function standingOf({ generation, ledgerPositions, positions, liveRows }: IncrementalCache): StreamStanding {
  return { generation, ledgerPositions, positions, liveRows };
}

function noteOf(start: Begun<'begun'>, before: IncrementalCache | null): BegunIncremental {
  const { positions, text, sourceRecords, sourceNow, earliestReconcileMs } = start;
  const counts = before?.counts ?? noCounts;
  return { positions, text, sourceRecords, sourceNow, counts, earliestReconcileMs };
}

async function finish(sync: SyncRun, begun: BegunIncremental): Promise<IncrementalResult> {
  const { result, rows } = await sync.finish();
  const { counts, liveRows, calledReconcile } = await judgeCount(sync, { ...begun, liveRows: rows.live });
  const { generation } = sync.settled;
  const { positions, text, sourceNow: lookedAt } = begun;
  const next = { generation, ledgerPositions: positions, positions, liveRows, idleRuns: 0, counts, lookedAt };
  return { ...result, outcome: 'changed', text, full: null, calledReconcile, next };
}

async function idle(sync: SyncRun, start: Begun<'idle'>, before: IncrementalCache | null): Promise<IncrementalResult> {
  const history = before?.counts ?? noCounts;
  const known = { ...start, counts: history, liveRows: start.standing.liveRows };
  const { counts, liveRows, calledReconcile } = await judgeCount(sync, known);
  return {
    ...sync.nothingRead(start.text),
    requests: start.requests,
    outcome: 'idle',
    text: `${start.text}: nothing changed`,
    full: null,
    calledReconcile,
    next: { ...cacheOf(start, before), liveRows, counts },
  };
}

/** What is held is missing in the table, so that its rows are not judged by their count. */
function staged(sync: SyncRun, start: Begun<'held'>, before: IncrementalCache | null): IncrementalResult {
  const { text, changes, held, requests } = start;
  const found = changes === 0 ? 'nothing changed' : `${changesText(changes)} staged`;
  return {
    ...sync.nothingRead(text),
    requests,
    outcome: 'staged',
    text: `${text}: ${found}; ${heldText(held)}`,
    full: null,
    calledReconcile: false,
    next: cacheOf(start, before),
  };
}

/** Of a run that wrote nothing. */
function cacheOf(start: Begun<'idle' | 'held'>, before: IncrementalCache | null): IncrementalCache {
  const { standing, sourceNow: lookedAt } = start;
  const { generation, ledgerPositions, liveRows } = standing;
  const isIdle = start.kind === 'idle' || start.changes === 0;
  const idleRuns = (before?.idleRuns ?? 0) + (isIdle ? 1 : 0);
  const counts = before?.counts ?? noCounts;
  const common = { generation, ledgerPositions, liveRows, idleRuns, counts, lookedAt };
  if (start.kind === 'idle') return { ...common, positions: start.positions };
  // A release that knows nothing of what is held must read it again.
  return { ...common, positions: standing.positions, held: start.held };
}

/**
 * The cheap check after each run: a difference that lasts calls a reconciliation before its time, unless the rows, counted
 * again, have come to fit.
 */
async function judgeCount(sync: SyncRun, count: JudgedCount): Promise<CountJudgement> {
  const { sourceRecords: records, liveRows, counts, sourceNow: now, earliestReconcileMs: earliestMs } = count;
  if (records === null || liveRows === null) return { counts, liveRows, calledReconcile: false };
  const { history, callsReconcile } = checkCount(counts, { records, liveRows, now, earliestMs });
  if (!callsReconcile) return { counts: history, liveRows, calledReconcile: false };
  try {
    const answer = await sync.steps.callReconcile({ stream: sync.name.stream, records });
    if (answer.kind === 'fits') return { counts: noCounts, liveRows: answer.liveRows, calledReconcile: false };
    return { counts: history, liveRows: answer.liveRows, calledReconcile: answer.kind === 'called' };
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('a count does not fit, and no reconciliation could be called; the schedule makes the next one', { error });
    return { counts, liveRows, calledReconcile: false };
  }
}

interface JudgedCount {
  readonly sourceRecords: number | null;
  readonly liveRows: number | null;
  readonly counts: CountHistory;
  readonly sourceNow: string;
  readonly earliestReconcileMs: number;
}

interface CountJudgement {
  readonly counts: CountHistory;
  readonly liveRows: number | null;
  readonly calledReconcile: boolean;
}

/** A full sync, or the word that a backfill is needed first. */
async function instead(
  sync: SyncRun,
  { kind, reason }: Begun<'needsBackfill' | 'fullSync'>,
  before: IncrementalCache | null,
): Promise<IncrementalResult> {
  const { stream } = sync.name;
  const common = { calledReconcile: false, next: kind === 'fullSync' ? null : beforeHolding(before) };
  if (kind === 'needsBackfill') {
    const text = `needs backfill: ${reason}; next: sluice backfill ${stream}`;
    return { ...sync.nothingRead(text), ...common, outcome: kind, text, full: null };
  }
  const full = await readWhole(stream);
  const text =
    full === null ? `Performing full sync (${reason}): one is running already` : `Performing full sync (${reason})`;
  const nothing = sync.nothingRead(text);
  const { mode, run } = nothing;
  return { ...(full ?? nothing), mode, run, ...common, outcome: kind, text, full };
}

/** Where the ledger has no positions, what is held goes on from nothing. */
function beforeHolding(cache: IncrementalCache | null): IncrementalCache | null {
  if (cache === null) return null;
  const { held, ...before } = cache;
  if (held !== undefined) log.warn('what was staged is dropped: the ledger has no positions any more');
  return before;
}

/** Null where a backfill of the stream is running anyway. */
async function readWhole(stream: string): Promise<BackfillResult | null> {
  try {
    return await executeChild(backfill, {
      workflowId: syncWorkflowId('backfill', stream),
      args: [{ stream, replace: true }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `Full sync of ${stream}`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}
