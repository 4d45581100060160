import type { ScheduleStatus } from '../../read-schedules.ts';
import { driftText } from '../../schedule-text.ts';
import { failed, type DoctorFinding } from '../doctor-finding.ts';

/** Whether Temporal has the schedule as config wants it. */
export function judgeScheduleSetting(schedule: ScheduleStatus): DoctorFinding[] {
  const { scheduleId, state } = schedule;
  const drift = driftText(schedule);
  const apply = {
    mend: 'sluice schedules apply, or sluice doctor --fix',
    repair: { kind: 'applySchedule', scheduleId },
  } as const;
  switch (state) {
    case 'notApplied':
      return [failed('schedule-missing', scheduleId, 'config wants it, and Temporal does not have it', apply)];
    case 'notInConfig':
      return [failed('schedule-extra', scheduleId, 'Temporal has it, and config does not want it any more', apply)];
    case 'foreign':
      return [
        failed('schedule-foreign', scheduleId, 'not created by sluice, under the id of one that config wants', {
          mend: `temporal schedule delete --schedule-id ${scheduleId}, then sluice schedules apply`,
        }),
      ];
    case 'active':
    case 'paused':
      return drift === null ? [] : [failed('schedule-drift', scheduleId, drift, apply)];
    default:
      return state satisfies never;
  }
}
