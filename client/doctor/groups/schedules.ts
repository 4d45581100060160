import { judgePausedSchedule } from '../checks/schedule-paused.ts';
import { judgeScheduleSetting } from '../checks/schedule-setting.ts';
import { judgeSkips } from '../checks/schedule-skips.ts';
import { ok, type DoctorFinding } from '../doctor-finding.ts';
import type { Examination } from '../examination.ts';

/** What Temporal has against what config wants. */
export async function examineSchedules(examination: Examination): Promise<DoctorFinding[]> {
  const schedules = await examination.schedules();
  const settings = schedules.flatMap(judgeScheduleSetting);
  return [
    ...settings,
    ...(settings.length === 0 ? [ok('schedule-drift', `${schedules.length} schedules`, 'as config wants them')] : []),
    ...schedules.flatMap(judgePausedSchedule),
    ...judgeSkips(schedules),
  ];
}
