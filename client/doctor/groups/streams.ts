import { isSyncWorkflowId, syncWorkflowId } from '../../../model/workflow-id.ts';
import { lookUpEach } from '../../look-up-each.ts';
import type { RunFacts } from '../../run-facts.ts';
import type { TemporalConnection } from '../../temporal-connection.ts';
import { judgeNeedsBackfill } from '../checks/needs-backfill.ts';
import { judgeFreshness } from '../checks/stale-stream.ts';
import type { DoctorFinding } from '../doctor-finding.ts';
import type { Examination } from '../examination.ts';

/** Modes after which a stream is as the source is. */
const refreshing = ['incremental', 'backfill', 'reconcile'] as const;

/** How many completed runs are looked through for the last one. */
const lately = 20;

/** Whether each stream is kept in step, whatever its runs say. */
export async function examineStreams(examination: Examination): Promise<DoctorFinding[]> {
  const temporal = await examination.temporal();
  const [runs, schedules] = await Promise.all([examination.runs(), examination.schedules()]);
  const now = new Date();
  const findings = await lookUpEach(examination.streams, async (stream) => {
    const ofStream = runs.filter((run) => run.stream === stream);
    const unfilled = ofStream.flatMap(judgeNeedsBackfill);
    if (unfilled.length > 0) return unfilled;
    const { freshnessMs: limitMs } = examination.session.config.stream(stream);
    const isPaused = schedules.some(({ stream: name, state }) => name === stream && state === 'paused');
    const lastGoodAt = await lastGoodEnd(temporal, stream, ofStream);
    return [judgeFreshness({ stream, lastGoodAt, limitMs, isPaused }, now)];
  });
  return findings.flat();
}

/** By the latest runs where they were good, else by those before them that Temporal still lists. */
async function lastGoodEnd(
  temporal: TemporalConnection,
  stream: string,
  latest: readonly RunFacts[],
): Promise<string | null> {
  const ends = latest
    .filter(({ mode, end }) => end?.kind === 'done' && refreshing.some((refreshes) => refreshes === mode))
    .flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt]));
  if (ends.length === 0) ends.push(...(await listedEnds(temporal, stream)));
  return ends.toSorted().at(-1) ?? null;
}

async function listedEnds(temporal: TemporalConnection, stream: string): Promise<string[]> {
  const ids = refreshing.map((mode) => `WorkflowId STARTS_WITH '${syncWorkflowId(mode, stream)}'`);
  const query = `ExecutionStatus = 'Completed' AND (${ids.join(' OR ')})`;
  const ends: string[] = [];
  for await (const { workflowId, closeTime } of temporal.client.workflow.list({ query, pageSize: lately })) {
    if (closeTime !== undefined && refreshing.some((mode) => isSyncWorkflowId(workflowId, mode, stream))) {
      ends.push(closeTime.toISOString());
    }
    if (ends.length === lately) break;
  }
  return ends;
}
