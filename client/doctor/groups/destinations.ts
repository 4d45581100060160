import type { ExaminedDestination } from '../../../model/inspection.ts';
import { heldMode } from '../../../model/held-changes.ts';
import { syncModes } from '../../../model/plan.ts';
import { reportError } from '../../cli-error.ts';
import { inspect } from '../../inspection.ts';
import { lookUpEach } from '../../look-up-each.ts';
import { activityPollers } from '../../worker-pollers.ts';
import { judgeRunRow } from '../checks/dead-run-row.ts';
import { judgeOwnerQueue } from '../checks/pollers.ts';
import { judgeStagedRun } from '../checks/stage-leftover.ts';
import { fromCheck, okWhereNone, skipped, type DoctorFinding } from '../doctor-finding.ts';
import { executionOf } from '../execution-of.ts';
import { heldNeed } from '../held-need.ts';
import type { Examination, WorkerView } from '../examination.ts';
import { kindOfError } from '../kind-of-error.ts';

/** Databases, their system tables, and what waits to be merged into them. */
export async function examineDestinations(examination: Examination): Promise<DoctorFinding[]> {
  const { answer } = await examination.worker();
  const found = await Promise.all(answer.destinations.map((destination) => examineOne(examination, destination)));
  const unseen = answer.destinations.flatMap(({ stagesProblem }) => (stagesProblem ? [stagesProblem] : []));
  return [
    ...found.flat(),
    ...unseen.map((problem) => fromCheck('stage-leftover', problem)),
    ...(await examineStages(examination, answer.stages)),
  ];
}

async function examineOne(
  examination: Examination,
  destination: ExaminedDestination,
): Promise<readonly DoctorFinding[]> {
  const { name, ownerQueue, isMetered, problem } = destination;
  const subject = `destination ${name}`;
  const leftAlone = (reason: string): DoctorFinding[] => [
    skipped('destination-check', subject, reason),
    skipped('dead-run-row', subject, reason),
  ];
  if (problem !== null) return [fromCheck('destination-check', problem)];
  if (isMetered && !examination.isExact) return leftAlone('a look costs money there; sluice doctor --exact takes it');
  if (ownerQueue === null) return examineLedger(examination, destination);
  const temporal = await examination.temporal();
  const pollers = await activityPollers(temporal, ownerQueue);
  const owner = judgeOwnerQueue(name, { taskQueue: ownerQueue, pollers });
  if (owner.status !== 'ok') return [owner, ...leftAlone('only its owner looks into it')];
  return [owner, ...(await examineLedger(examination, destination))];
}

/** Rows are read first, so that a run which ends meanwhile is at worst closed twice, of which the second changes nothing. */
async function examineLedger(
  { temporal: connect, session }: Examination,
  { name, streams }: ExaminedDestination,
): Promise<readonly DoctorFinding[]> {
  const temporal = await connect();
  const subject = `destination ${name}`;
  try {
    const { findings, openRuns } = await inspect(temporal, session.taskQueue, { verb: 'ledger', streams });
    const checked = findings.map((finding) => fromCheck('destination-check', finding));
    if (openRuns === null) return [...checked, skipped('dead-run-row', subject, 'it cannot be opened')];
    const found = await lookUpEach(openRuns, async (row) => judgeRunRow(row, await executionOf(temporal, row)));
    const none = `${openRuns.length} runs recorded as running, all of them open`;
    return [...checked, ...okWhereNone(found.flat(), ['dead-run-row', subject, none])];
  } catch (error) {
    return [skipped('destination-check', subject, reportError(error).message, { kind: kindOfError(error) })];
  }
}

async function examineStages(
  { temporal: connect, streams, isWhole }: Examination,
  stages: WorkerView['answer']['stages'],
): Promise<readonly DoctorFinding[]> {
  const temporal = await connect();
  const now = new Date();
  const looked = stages.filter(({ stream }) => isWhole || streams.some((name) => name === stream));
  const found = await lookUpEach(looked, async (staged) => {
    if (staged.mode === heldMode) return judgeStagedRun(staged, await heldNeed(temporal, staged), now);
    const mode = syncModes.find((name) => name === staged.mode);
    const execution = mode === undefined ? 'closed' : await executionOf(temporal, { ...staged, mode });
    return judgeStagedRun(staged, execution === 'open' ? 'needed' : 'left', now);
  });
  return okWhereNone(found.flat(), ['stage-leftover', 'stages', `of ${looked.length} runs, all of them needed`]);
}
