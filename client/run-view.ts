import { rejects, type Counts } from '../model/counts.ts';
import type { BackfillPhase, BackfillResult } from '../workflows/messages.ts';
import { countText } from './count-text.ts';
import { untilText } from './duration.ts';
import { plainLine } from './plain-text.ts';
import type { RunFacts } from './run-facts.ts';

export type RunState =
  | 'neverRun'
  | 'unreachable'
  | 'noWorker'
  | 'stuck'
  | 'planning'
  | 'running'
  | 'retrying'
  | 'waiting'
  | 'pausing'
  | 'paused'
  | 'cancelling'
  | 'finishing'
  | 'done'
  | 'failed'
  | 'cancelled';

/** A stream's backfill as a person sees it: one state, why it is in it, and how far it is. */
export interface RunView {
  readonly stream: string;
  readonly state: RunState;
  /** Why it is in this state, without a full stop; null where the state says it all. */
  readonly why: string | null;
  /** ISO instant the state ends by itself, where known. */
  readonly until: string | null;
  /** Read so far by this run, merged or not. */
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
}

export function neverRunView(stream: string): RunView {
  return {
    stream,
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
  };
}

/** Reads the facts of one moment; `now` only words the waits. */
export function viewRun(facts: RunFacts, now: Date): RunView {
  const totals = facts.end?.kind === 'done' ? facts.end.result.totals : (facts.progress?.totals ?? null);
  return {
    ...neverRunView(facts.stream),
    ...stateOf(facts, now),
    records: recordsRead(facts),
    estimatedRecords: facts.progress?.estimatedRecords ?? null,
    chunk: chunkOf(facts),
    limitShare: facts.heartbeat?.limitShare ?? null,
    startedAt: facts.startedAt,
    endedAt: facts.endedAt,
    totals,
    rejects: totals === null ? 0 : rejects(totals),
  };
}

/** Whole percent, held at 99 until the end: the estimate comes from an index that may lag. Null without an estimate. */
export function percentDone(view: Pick<RunView, 'state' | 'records' | 'estimatedRecords'>): number | null {
  if (view.state === 'done') return 100;
  if (view.estimatedRecords === null || view.estimatedRecords === 0) return null;
  return Math.min(99, Math.floor((view.records * 100) / view.estimatedRecords));
}

function recordsRead(facts: RunFacts): number {
  if (facts.end?.kind === 'done') return facts.end.result.totals.read;
  const { progress, heartbeat } = facts;
  if (progress === null) return heartbeat?.records ?? 0;
  const beyondStaged = heartbeat !== null && heartbeat.sequence > progress.batches + progress.stagedBatches;
  return progress.totals.read + progress.stagedRecords + (beyondStaged ? heartbeat.records : 0);
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
const closingPhases: ReadonlySet<BackfillPhase> = new Set(['done', 'cancelled', 'failed']);

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
        return state('done', whyDone(facts.end.result));
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
  return state('running', !facts.isReading && progress.stagedBatches > 0 ? 'merging' : null);
}

/** A part of a stream, or nothing at all, must not look like the whole. */
function whyDone({ scope, totals }: BackfillResult): string | null {
  if (totals.read === 0) return 'the source holds no such records';
  return scope === 'whole' ? null : `only ${countText(totals.read)} records, asked for with --${scope}`;
}

function pauseText(paused: { by: string | null; note: string | null } | null): string | null {
  if (paused === null) return null;
  const by = paused.by === null ? '' : `by ${paused.by}`;
  const note = paused.note === null ? '' : `"${paused.note}"`;
  return [by, note].filter((part) => part !== '').join(' ') || null;
}

const stateWords: Readonly<Record<RunState, string>> = {
  neverRun: 'Never run',
  unreachable: 'Unknown',
  noWorker: 'Waiting for a worker',
  stuck: 'Stuck',
  planning: 'Planning',
  running: 'Running',
  retrying: 'Retrying',
  waiting: 'Waiting',
  pausing: 'Pausing',
  paused: 'Paused',
  cancelling: 'Cancelling',
  finishing: 'Finishing',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** States whose reason reads on from their word. */
const runOnStates: ReadonlySet<RunState> = new Set(['noWorker', 'pausing', 'paused']);

/** `Running 62 %`, `Paused by anna@host "lunch"`, `Waiting: HubSpot daily limit until 00:00 UTC`. */
export function stateText(view: RunView): string {
  const word = stateWords[view.state];
  const percent = view.endedAt === null && view.records > 0 ? percentDone(view) : null;
  const head = percent === null ? word : `${word} ${percent} %`;
  if (view.why === null) return head;
  return plainLine(runOnStates.has(view.state) ? `${head} ${view.why}` : `${head}: ${view.why}`);
}
