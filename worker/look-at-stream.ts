import { ScheduleNotFoundError, WorkflowFailedError, type Client, type ScheduleDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import { bringsUpToDate } from '../model/up-to-date.ts';
import { scheduleId, syncWorkflowId } from '../model/workflow-id.ts';
import type { BackfillResult, IncrementalResult, ReconcileResult } from '../workflows/messages.ts';

/** What Temporal tells of a stream's runs. */
export interface StreamLook {
  /** Of incremental runs; null where there is none. */
  readonly schedule: { readonly createdAt: string; readonly isPaused: boolean } | null;
  /** ISO; null where no such run is kept. */
  readonly lastGoodAt: string | null;
  readonly positions: Positions | null;
  readonly isBackfilling: boolean;
  /** Of an incremental run. */
  readonly openSince: string | null;
  /** What the newest closed incremental run came to, where it did not bring the table up to date. */
  readonly trouble: string | null;
}

interface SeenRun {
  readonly mode: SyncMode;
  readonly startedAt: string;
  /** Null while it is open. */
  readonly closedAt: string | null;
  /** ISO: when the table was last up to date, as this run knows; null where it does not. */
  readonly goodAt: string | null;
  readonly trouble: string | null;
  readonly positions: Positions | null;
}

/**
 * Looks a stream up by its schedule and the ids of its runs, since visibility trails; asks no destination. Throws where Temporal
 * does not answer.
 */
export async function lookAtStream(client: Client, stream: string): Promise<StreamLook> {
  const schedule = await describeSchedule(client, scheduleId('incremental', stream));
  const byHand = await Promise.all(
    (['incremental', 'backfill', 'reconcile'] as const).map((mode) =>
      seeRun(client, mode, syncWorkflowId(mode, stream)),
    ),
  );
  const seen = [...byHand.filter((run) => run !== null), ...(await scheduledRuns(client, schedule))];
  const good = seen.filter(({ goodAt }) => goodAt !== null).sort((a, b) => a.goodAt!.localeCompare(b.goodAt!));
  const incremental = seen.filter(({ mode }) => mode === 'incremental');
  const newest = incremental
    .filter(({ closedAt }) => closedAt !== null)
    .sort(byClose)
    .at(-1);
  return {
    schedule:
      schedule === null ? null : { createdAt: schedule.info.createdAt.toISOString(), isPaused: schedule.state.paused },
    lastGoodAt: good.at(-1)?.goodAt ?? null,
    positions: good.findLast(({ positions }) => positions !== null)?.positions ?? null,
    isBackfilling: seen.some(({ mode, closedAt }) => mode === 'backfill' && closedAt === null),
    openSince: incremental.find(({ closedAt }) => closedAt === null)?.startedAt ?? null,
    trouble: newest?.trouble ?? null,
  };
}

/** From the newest back to one that brought the table up to date: what came before tells nothing more. */
async function scheduledRuns(client: Client, schedule: ScheduleDescription | null): Promise<SeenRun[]> {
  const runs: SeenRun[] = [];
  for (const { action } of schedule?.info.recentActions.toReversed() ?? []) {
    const run = await seeRun(client, 'incremental', action.workflow.workflowId);
    if (run === null) continue;
    runs.push(run);
    if (run.goodAt !== null) break;
  }
  return runs;
}

/** Null where Temporal keeps none. */
async function seeRun(client: Client, mode: SyncMode, workflowId: string): Promise<SeenRun | null> {
  try {
    const { status, startTime, closeTime, runId } = await client.workflow.getHandle(workflowId).describe();
    const startedAt = startTime.toISOString();
    const closedAt = closeTime?.toISOString() ?? null;
    const bad = { mode, startedAt, closedAt, goodAt: null, positions: null };
    if (closedAt === null) return { ...bad, trouble: null };
    if (status.name !== 'COMPLETED') return { ...bad, trouble: status.name.toLowerCase().replaceAll('_', ' ') };
    const result = await client.workflow
      .getHandle<() => Promise<BackfillResult | IncrementalResult | ReconcileResult>>(workflowId, runId)
      .result();
    const next = 'next' in result ? result.next : null;
    const positions = next?.positions ?? null;
    // What waits has been found since.
    if (next?.held !== undefined) return { ...bad, goodAt: next.held.since, trouble: null, positions };
    const goodAt = bringsUpToDate(result) ? closedAt : null;
    const trouble = goodAt !== null ? null : 'text' in result ? result.text : result.startReason;
    return { ...bad, goodAt, trouble, positions };
  } catch (error) {
    // Forgotten meanwhile, or reset.
    if (error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError) return null;
    throw error;
  }
}

async function describeSchedule(client: Client, id: string): Promise<ScheduleDescription | null> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function byClose(a: SeenRun, b: SeenRun): number {
  return Date.parse(a.closedAt ?? '') - Date.parse(b.closedAt ?? '');
}
