import { rejects, type Counts } from '../model/counts.ts';
import type { SyncMode } from '../model/plan.ts';
import type { PauseNote, PendingApproval, SyncPhase, SyncStep } from '../workflows/messages.ts';
import { instantText, untilText } from './duration.ts';
import { plainLine } from './plain-text.ts';
import type { RunFacts, RunResult } from './run-facts.ts';
import { needsBackfill, totalsOf, whyDone } from './run-outcome.ts';

export type RunState =
  | 'neverRun'
  | 'unreachable'
  | 'noWorker'
  | 'noOwner'
  | 'stuck'
  | 'planning'
  | 'running'
  | 'retrying'
  | 'waiting'
  | 'pausing'
  | 'paused'
  | 'needsApproval'
  | 'cancelling'
  | 'finishing'
  | 'done'
  | 'needsBackfill'
  | 'failed'
  | 'cancelled';

/** A run as a person sees it: one state, why it is in it, and how far it is. */
export interface RunView {
  readonly stream: string;
  /** Null for a stream that never ran. */
  readonly mode: SyncMode | null;
  readonly state: RunState;
  /** Why it is in this state, without a full stop; null where the state says it all. */
  readonly why: string | null;
  /** ISO instant the state ends by itself, where known. */
  readonly until: string | null;
  /** Read or listed so far by this run, merged or not. */
  readonly records: number;
  readonly estimatedRecords: number | null;
  /** The chunk being read, from 1, and how many there will be. */
  readonly chunk: { readonly current: number; readonly total: number | null } | null;
  /** Share of the account's request limit in use, 0 to 1. */
  readonly limitShare: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly totals: Counts | null;
  readonly rejects: number;
  /** Set while the run waits for a person's word on what vanished. */
  readonly approval: PendingApproval | null;
}

export function neverRunView(stream: string): RunView {
  return {
    stream,
    mode: null,
    state: 'neverRun',
    why: null,
    until: null,
    records: 0,
    estimatedRecords: null,
    chunk: null,
    limitShare: null,
    startedAt: null,
    endedAt: null,
    totals: null,
    rejects: 0,
    approval: null,
  };
}

/** Reads the facts of one moment; `now` only words the waits. */
export function viewRun(facts: RunFacts, now: Date): RunView {
  const totals = facts.end?.kind === 'done' ? totalsOf(facts.end.result) : (facts.progress?.totals ?? null);
  return {
    ...neverRunView(facts.stream),
    mode: facts.mode,
    ...stateOf(facts, now),
    records: recordsRead(facts),
    estimatedRecords: facts.progress?.estimatedRecords ?? null,
    chunk: chunkOf(facts),
    limitShare: facts.heartbeat?.limitShare ?? null,
    startedAt: facts.startedAt,
    endedAt: facts.endedAt,
    totals,
    rejects: totals === null ? 0 : rejects(totals),
    approval: facts.end === null ? (facts.progress?.approval ?? null) : null,
  };
}

/** Whole percent, held at 99 until the end: the estimate comes from an index that may lag. Null without an estimate. */
export function percentDone(view: Pick<RunView, 'state' | 'records' | 'estimatedRecords'>): number | null {
  if (view.state === 'done') return 100;
  if (view.estimatedRecords === null || view.estimatedRecords === 0) return null;
  return Math.min(99, Math.floor((view.records * 100) / view.estimatedRecords));
}

function recordsRead(facts: RunFacts): number {
  if (facts.end?.kind === 'done') return recordsOf(totalsOf(facts.end.result));
  const { progress, heartbeat } = facts;
  if (progress === null) return heartbeat?.records ?? 0;
  const beyondStaged = heartbeat !== null && heartbeat.sequence > progress.batches + progress.stagedBatches;
  return recordsOf(progress.totals) + progress.stagedRecords + (beyondStaged ? heartbeat.records : 0);
}

/** What is only listed takes the source as long as what is read. */
function recordsOf(totals: Counts): number {
  return totals.read + totals.listed;
}

function chunkOf(facts: RunFacts): RunView['chunk'] {
  const { progress } = facts;
  if (facts.end?.kind === 'done') {
    return { current: facts.end.result.batches, total: facts.end.result.batches };
  }
  if (progress === null || progress.chunkRecords === null) return null;
  const known = progress.batches + progress.stagedBatches;
  const current = facts.isReading ? Math.max(known + 1, facts.heartbeat?.sequence ?? 0) : Math.max(1, known);
  const total =
    progress.estimatedRecords === null ? null : Math.ceil(progress.estimatedRecords / progress.chunkRecords);
  return { current, total: total === null ? null : Math.max(total, current) };
}

/** A run just started has nothing to tell yet. */
const firstAnswerWithinMs = 5_000;

/** Phases whose work is done while Temporal still counts the run as open. */
const closingPhases: ReadonlySet<SyncPhase> = new Set(['done', 'cancelled', 'failed']);

type State = Pick<RunView, 'state' | 'why' | 'until'>;

/** First what ended, then what keeps it from going on, then what it does: the nearest cause a person can act on wins. */
function stateOf(facts: RunFacts, now: Date): State {
  const state = (name: RunState, why: string | null = null, until: string | null = null): State => ({
    state: name,
    why,
    until,
  });
  if (facts.end !== null) {
    switch (facts.end.kind) {
      case 'done':
        return state(doneState(facts.end.result), whyDone(facts.end.result));
      case 'failed':
        return state('failed', facts.end.message);
      case 'cancelled':
        return state('cancelled', facts.end.message);
      default:
        return facts.end satisfies never;
    }
  }
  if (!facts.hasWorker) return state('noWorker', `on task queue ${facts.taskQueue}`);
  if (facts.stuck !== null) {
    const failure = facts.stuck.message === null ? "see the worker's log" : facts.stuck.message;
    return state('stuck', `its workflow task failed ${facts.stuck.failures} times: ${failure}`);
  }
  if (facts.progress === null && now.getTime() - Date.parse(facts.startedAt) > firstAnswerWithinMs) {
    return state('noWorker', `on task queue ${facts.taskQueue}; the last one does not answer`);
  }
  if (facts.isCancelRequested) return state('cancelling');

  const { progress } = facts;
  if (progress?.phase === 'paused' || progress?.phase === 'pausing') {
    return state(progress.phase, pauseText(progress.paused));
  }
  if (progress?.approval && progress.phase === 'needs approval') {
    const { reason, until } = progress.approval;
    return state('needsApproval', `${reason}, until ${untilText(until, now)}`, until);
  }
  if (facts.missingOwner !== null) return state('noOwner', `on task queue ${facts.missingOwner}`);
  const retry = facts.retries[0];
  if (retry !== undefined) {
    const next = retry.nextAttemptAt === null ? '' : `, next ${untilText(retry.nextAttemptAt, now)}`;
    const failure = retry.failure === null ? '' : `: ${retry.failure}`;
    return state('retrying', `${retry.activity} attempt ${retry.attempt}${next}${failure}`, retry.nextAttemptAt);
  }
  const wait = progress?.wait ?? facts.heartbeat?.waiting ?? null;
  if (wait !== null) {
    return state(
      'waiting',
      wait.until === null ? wait.reason : `${wait.reason} until ${untilText(wait.until, now)}`,
      wait.until,
    );
  }
  if (progress === null || progress.phase === 'planning') return state('planning');
  if (closingPhases.has(progress.phase)) return state('finishing');
  return state('running', workText(progress.step, facts));
}

/** What it does, where that is not plain reading. */
function workText(step: SyncStep, { isReading, progress }: RunFacts): string | null {
  if (step !== 'reading') return step;
  return !isReading && progress !== null && progress.stagedBatches > 0 ? 'merging' : null;
}

function doneState(result: RunResult): RunState {
  return needsBackfill(result) ? 'needsBackfill' : 'done';
}

/** `by anna@host at 2026-11-20 16:05 UTC "launch"`, as beside a schedule; null for what is not paused. */
export function pauseText(paused: PauseNote | null): string | null {
  if (paused === null) return null;
  const by = paused.by === null ? null : `by ${paused.by}`;
  const note = paused.note === null ? null : `"${paused.note}"`;
  return [by, `at ${instantText(paused.at)} UTC`, note].filter((part) => part !== null).join(' ');
}

const stateWords: Readonly<Record<RunState, string>> = {
  neverRun: 'Never run',
  unreachable: 'Unknown',
  noWorker: 'Waiting for a worker',
  noOwner: 'Waiting for the worker that holds the destination',
  stuck: 'Stuck',
  planning: 'Planning',
  running: 'Running',
  retrying: 'Retrying',
  waiting: 'Waiting',
  pausing: 'Pausing',
  paused: 'Paused',
  needsApproval: 'Needs approval',
  cancelling: 'Cancelling',
  finishing: 'Finishing',
  done: 'Done',
  needsBackfill: 'Needs a backfill',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** States whose reason reads on from their word. */
const runOnStates: ReadonlySet<RunState> = new Set(['noWorker', 'noOwner', 'pausing', 'paused']);

/** `Running 62 %`, `Paused by anna@host "lunch"`, `Waiting: HubSpot daily limit until 00:00 UTC`. */
export function stateText(view: RunView): string {
  const word = stateWords[view.state];
  const isOnItsWay = view.endedAt === null && view.state !== 'needsApproval' && view.records > 0;
  const percent = isOnItsWay ? percentDone(view) : null;
  const head = percent === null ? word : `${word} ${percent} %`;
  if (view.why === null) return head;
  return plainLine(runOnStates.has(view.state) ? `${head} ${view.why}` : `${head}: ${view.why}`);
}
