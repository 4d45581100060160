import { isSyncWorkflowId, syncWorkflowId } from '../../../model/workflow-id.ts';
import { lookUpEach } from '../../look-up-each.ts';
import type { RunFacts } from '../../run-facts.ts';
import type { TemporalConnection } from '../../temporal-connection.ts';
import { judgeFailedRun } from '../checks/failed-run.ts';
import { judgeFailingStep } from '../checks/failing-step.ts';
import { judgeHeldRun } from '../checks/held-run.ts';
import { judgeLongRun, mayBeLong } from '../checks/long-run.ts';
import { judgeWedged } from '../checks/wedged-run.ts';
import { okWhereNone, type DoctorFinding } from '../doctor-finding.ts';
import type { Examination } from '../examination.ts';

/** How many completed runs say what is usual. */
const lately = 20;

/** What runs, and what the latest run of each mode came to. */
export async function examineRuns(examination: Examination): Promise<readonly DoctorFinding[]> {
  const temporal = await examination.temporal();
  const runs = await examination.runs();
  const now = new Date();
  const findings = await lookUpEach(runs, async (run) => [
    ...judgeWedged(run),
    ...judgeFailingStep(run),
    ...judgeHeldRun(run, now),
    ...judgeFailedRun(run),
    ...(mayBeLong(run, now) ? judgeLongRun(run, await usualDurations(temporal, run), now) : []),
  ]);
  const open = runs.filter(({ end }) => end === null).length;
  return okWhereNone(findings.flat(), ['wedged-run', 'runs', `${open} open, none of them in trouble`]);
}

/** Of completed runs of the same mode and stream, in ms. */
async function usualDurations(temporal: TemporalConnection, { mode, stream }: RunFacts): Promise<number[]> {
  const query = `ExecutionStatus = 'Completed' AND WorkflowId STARTS_WITH '${syncWorkflowId(mode, stream)}'`;
  const durations: number[] = [];
  for await (const { workflowId, startTime, closeTime } of temporal.client.workflow.list({ query, pageSize: lately })) {
    if (closeTime !== undefined && isSyncWorkflowId(workflowId, mode, stream)) {
      durations.push(closeTime.getTime() - startTime.getTime());
    }
    if (durations.length === lately) break;
  }
  return durations;
}
