import { chmodSync } from 'node:fs';
import type { MendInput, MendResult, StageLeftover } from '../../model/mending.ts';
import { mendWorkflowId } from '../../model/workflow-id.ts';
import { mendType } from '../../workflows/messages.ts';
import { carryOut, planScheduleChanges, type ScheduleChange } from '../apply-schedules.ts';
import { appliedNote } from '../applied-note.ts';
import { askWorkflow } from '../ask-workflow.ts';
import { reportError } from '../cli-error.ts';
import type { TemporalConnection } from '../temporal-connection.ts';
import { keywordType } from './checks/search-attributes.ts';
import type { DoctorFinding } from './doctor-finding.ts';
import { once, type Examination } from './examination.ts';
import type { Repair } from './repair.ts';

/** A finding, and what `--fix` did about it; null where it did nothing. */
export interface TreatedFinding extends DoctorFinding {
  readonly done: string | null;
  /** Why what it tried did not work. */
  readonly notDone: string | null;
}

export function untreated(finding: DoctorFinding): TreatedFinding {
  return { ...finding, done: null, notDone: null };
}

/** Fixes what is safe to fix, each on its own: one that does not work keeps none of the others from it. */
export async function mendFindings(
  findings: readonly DoctorFinding[],
  examination: Examination,
): Promise<TreatedFinding[]> {
  const hands = openHands(
    findings.flatMap(({ repair }) => (repair === null ? [] : [repair])),
    examination,
  );
  const treated: TreatedFinding[] = [];
  for (const finding of findings) {
    const { repair } = finding;
    if (repair === null) treated.push(untreated(finding));
    else treated.push({ ...finding, ...(await attempt(() => perform(repair, hands))) });
  }
  return treated;
}

async function attempt(repair: () => Promise<string>): Promise<Pick<TreatedFinding, 'done' | 'notDone'>> {
  try {
    return { done: await repair(), notDone: null };
  } catch (error) {
    return { done: null, notDone: reportError(error).message };
  }
}

/** What repairs of one kind share: each is asked for once, however many there are. */
interface Hands {
  readonly temporal: () => Promise<TemporalConnection>;
  readonly changes: () => Promise<readonly ScheduleChange[]>;
  readonly mended: () => Promise<MendResult>;
  /** What stays beside a schedule that is mended. */
  readonly note: string;
}

function openHands(repairs: readonly Repair[], { temporal, scheduleScope, session }: Examination): Hands {
  const lostRuns = repairs.flatMap((repair) => (repair.kind === 'closeRun' ? [nameOf(repair)] : []));
  const stages = repairs.flatMap((repair) => (repair.kind === 'sweepStage' ? [leftoverOf(repair)] : []));
  return {
    temporal,
    changes: once(async () => planScheduleChanges(await temporal(), scheduleScope())),
    mended: once(async () => askToMend(await temporal(), session.taskQueue, { lostRuns, stages })),
    note: appliedNote(session.config.path),
  };
}

function leftoverOf(repair: Extract<Repair, { kind: 'sweepStage' }>): StageLeftover {
  const { uploadedTo } = repair;
  return { ...nameOf(repair), ...(uploadedTo === undefined ? {} : { uploadedTo }) };
}

function nameOf<Mode extends string>({ stream, mode, run }: { stream: string; mode: Mode; run: string }) {
  return { stream, mode, run };
}

/** Returns what it did. Each may be repeated. */
async function perform(repair: Repair, hands: Hands): Promise<string> {
  switch (repair.kind) {
    case 'restrictFolder':
      chmodSync(repair.path, 0o700);
      return 'set its mode to 0700';
    case 'createSearchAttributes':
      return createSearchAttributes(await hands.temporal(), repair.names);
    case 'applySchedule':
      return applySchedule(hands, repair.scheduleId);
    case 'closeRun':
      return (await hands.mended()).closedRuns.includes(repair.run) ? 'closed it as lost' : 'it was closed meanwhile';
    case 'sweepStage':
      await hands.mended();
      return 'removed it';
    default:
      return repair satisfies never;
  }
}

async function createSearchAttributes(
  { client, namespace }: TemporalConnection,
  names: readonly string[],
): Promise<string> {
  await client.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(names.map((name) => [name, keywordType])),
  });
  return `created ${names.join(', ')}; restart the workers for runs to have them`;
}

async function applySchedule({ temporal, changes, note }: Hands, scheduleId: string): Promise<string> {
  const change = (await changes()).find((planned) => planned.scheduleId === scheduleId);
  if (change === undefined) return 'it was gone already';
  await carryOut(await temporal(), change, note);
  return `${change.change} it`;
}

const answerWithinMs = 300_000;

function askToMend(temporal: TemporalConnection, taskQueue: string, input: Required<MendInput>): Promise<MendResult> {
  return askWorkflow<MendResult>(temporal, {
    type: mendType,
    workflowId: mendWorkflowId(new Date().toISOString()),
    taskQueue,
    input,
    summary: `mend ${input.lostRuns.length} lost runs and ${input.stages.length} stages`,
    timeoutMs: answerWithinMs,
  });
}
