import {
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { BegunIncrementalRun } from '../activities/begin-incremental.ts';
import type { StreamStanding } from '../activities/stream-standing.ts';
import { checkCount, noCounts, type CountHistory } from '../model/count-check.ts';
import { syncWorkflowId } from '../model/workflow-id.ts';
import { backfill } from './backfill.ts';
import type {
  BackfillResult,
  BegunIncremental,
  IncrementalCache,
  IncrementalInput,
  IncrementalResult,
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
  let begun = continued?.incremental ?? null;
  const result = await sync.guard(async () => {
    if (continued !== null) {
      sync.begin(continued);
    } else {
      const start = await sync.plan(() => beginRun(sync, { forceFullSync, before }));
      if (start.kind === 'idle') return idle(sync, start, before);
      if (start.kind !== 'begun') return instead(sync, start, before);
      begun = noteOf(start, before);
      sync.begin(start.planned, { batch: start.batch, requests: start.requests, wait: start.wait });
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

async function beginRun(
  sync: SyncRun,
  { forceFullSync, before }: { forceFullSync: boolean; before: IncrementalCache | null },
): Promise<BegunIncrementalRun> {
  const standing = before === null ? null : standingOf(before);
  const input = {
    ...sync.name,
    mode: 'incremental',
    forceFullSync,
    standing,
    idleRuns: before?.idleRuns ?? 0,
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
  const { positions, text } = begun;
  const next = { generation, ledgerPositions: positions, positions, liveRows, idleRuns: 0, counts };
  return { ...result, outcome: 'changed', text, full: null, calledReconcile, next };
}

async function idle(sync: SyncRun, start: Begun<'idle'>, before: IncrementalCache | null): Promise<IncrementalResult> {
  const { generation, ledgerPositions } = start.standing;
  const history = before?.counts ?? noCounts;
  const known = { ...start, counts: history, liveRows: start.standing.liveRows };
  const { counts, liveRows, calledReconcile } = await judgeCount(sync, known);
  const idleRuns = (before?.idleRuns ?? 0) + 1;
  return {
    ...sync.nothingRead(start.text),
    requests: start.requests,
    outcome: 'idle',
    text: `${start.text}: nothing changed`,
    full: null,
    calledReconcile,
    next: { generation, ledgerPositions, positions: start.positions, liveRows, idleRuns, counts },
  };
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
  const common = { calledReconcile: false, next: kind === 'fullSync' ? null : before };
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
