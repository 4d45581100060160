import { carryOutAll, foreignSchedule, planScheduleChanges, type ScheduleChange } from './apply-schedules.ts';
import { appliedNote } from './applied-note.ts';
import { reportError, type ErrorReport } from './cli-error.ts';
import { configSchedules } from './config-schedules.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { spanText } from './duration.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { writeError, type Output } from './output.ts';
import { timesText } from './schedule-times.ts';
import { openConfig, withTemporal } from './session.ts';
import { printTable } from './table.ts';
import type { VerbCall } from './verb.ts';
import { hasWorkerPolling } from './worker-pollers.ts';

/** `diff` is a dry run that shows only what differs, and whose exit code tells whether anything does. */
export type ApplyKind = 'apply' | 'dryRun' | 'diff';

/** Nothing is written unless all that config says of the streams is valid. One write that fails keeps none of the others back. */
export async function applySchedules(call: VerbCall<unknown>, kind: ApplyKind): Promise<ExitCode> {
  const { words, options, output } = call;
  const session = await openConfig(options);
  const scope = configSchedules(session, words);
  return withTemporal(session, async (temporal) => {
    const changes = await planScheduleChanges(temporal, scope);
    const isApply = kind === 'apply';
    const tried = isApply
      ? await carryOutAll(temporal, changes, appliedNote(session.config.path))
      : changes.map((change) => ({ change, failure: isForeign(change) ? foreignReport(change) : null }));
    const failures = tried.flatMap(({ change, failure }) => (failure === null ? [] : [{ change, failure }]));
    for (const { failure } of failures) writeError(failure, output);
    const done = tried.filter(({ failure }) => failure === null).map(({ change }) => change);
    showChanges(done, { kind, hasFailed: failures.length > 0, output });
    if (isApply && done.some(startsRuns) && !(await hasWorkerPolling(temporal, session.taskQueue))) {
      output.warn(`no worker polls task queue ${session.taskQueue}; runs wait for one; next: sluice worker`);
    }
    const differs = kind === 'diff' && done.some(({ change }) => change !== 'unchanged');
    const code = gravestExitCode([
      differs ? exitCode.rejects : exitCode.done,
      ...failures.map(({ failure }) => failure.exitCode),
    ]);
    output.document('schedules', {
      exitCode: code,
      isDryRun: !isApply,
      changes: done.map(changeDocument),
      failures: failures.map(({ change: { scheduleId, stream, mode, change }, failure }) => ({
        scheduleId,
        stream,
        mode,
        change,
        ...failure,
      })),
    });
    return code;
  });
}

function isForeign({ change }: ScheduleChange): boolean {
  return change === 'foreign';
}

function foreignReport({ scheduleId }: ScheduleChange): ErrorReport {
  return reportError(foreignSchedule(scheduleId));
}

function startsRuns({ change }: ScheduleChange): boolean {
  return change === 'created' || change === 'updated';
}

function changeDocument(change: ScheduleChange): object {
  const desired = 'desired' in change ? change.desired : null;
  return {
    scheduleId: change.scheduleId,
    stream: change.stream,
    mode: change.mode,
    change: change.change,
    everyMs: desired?.times.kind === 'interval' ? desired.times.everyMs : null,
    times: desired === null ? null : timesText(desired.times),
    drift: 'drift' in change ? change.drift : [],
    driftCause: 'drift' in change ? change.driftCause : null,
  };
}

function showChanges(
  changes: readonly ScheduleChange[],
  { kind, hasFailed, output }: { kind: ApplyKind; hasFailed: boolean; output: Output },
): void {
  const shown = kind === 'diff' ? changes.filter(({ change }) => change !== 'unchanged') : changes;
  if (shown.length === 0) {
    const agreed = changes.length > 0 ? 'Temporal has the schedules of the config' : noSchedules;
    if (!hasFailed) output.talk(agreed);
    return;
  }
  const columns = [
    { title: 'schedule' },
    { title: 'every', align: 'right' },
    { title: kind === 'apply' ? 'was' : 'would be' },
  ] as const;
  const rows = shown.map((change) => [
    change.scheduleId,
    'desired' in change ? everyText(change.desired) : '—',
    change.change === 'updated' ? `updated (${change.drift.join('; ')})` : change.change,
  ]);
  output.text(printTable(columns, rows, output));
}

const noSchedules = 'config has no schedules, and neither has Temporal';

function everyText({ times }: DesiredSchedule): string {
  return times.kind === 'interval' ? spanText(times.everyMs) : timesText(times);
}
