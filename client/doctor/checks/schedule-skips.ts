import { countText } from '../../count-text.ts';
import type { ScheduleStatus } from '../../read-schedules.ts';
import { ok, warning, type DoctorFinding } from '../doctor-finding.ts';

/** Temporal counts since a schedule was created, so that a few say nothing about today. */
const many = 100;

/** Runs that were due and did not take place. */
export function judgeSkips(schedules: readonly ScheduleStatus[]): readonly DoctorFinding[] {
  const sum = (of: (schedule: ScheduleStatus) => number): number =>
    schedules.reduce((total, schedule) => total + of(schedule), 0);
  const findings = schedules
    .filter(({ skippedOverlap, missedCatchup }) => skippedOverlap + missedCatchup >= many)
    .map(({ scheduleId, stream, skippedOverlap, missedCatchup }) =>
      warning('schedule-skips', scheduleId, countsText(skippedOverlap, missedCatchup), {
        mend: `a longer interval in schedules, if runs take longer than it (sluice history ${stream})`,
      }),
    );
  const total = countsText(
    sum(({ skippedOverlap }) => skippedOverlap),
    sum(({ missedCatchup }) => missedCatchup),
  );
  return findings.length > 0 ? findings : [ok('schedule-skips', `${schedules.length} schedules`, total)];
}

function countsText(skipped: number, missed: number): string {
  return (
    `since created, ${countText(skipped)} runs left out since the one before was still running, ` +
    `${countText(missed)} missed since Temporal was down`
  );
}
