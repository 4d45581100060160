import type { DailyUsage } from '../../../model/source.ts';
import { countText } from '../../count-text.ts';
import { untilText } from '../../duration.ts';
import { ok, warning, type DoctorFinding } from '../doctor-finding.ts';

const lowShare = 0.1;

/** What is left of the day's requests, which all apps of the account share. */
export function judgeQuota(source: string, daily: DailyUsage | null, now: Date): DoctorFinding {
  const subject = `source ${source}`;
  if (daily === null) return ok('daily-quota', subject, 'tells of no daily limit');
  const { limit, left, resetsAt } = daily;
  const of = limit === null ? '' : ` of ${countText(limit)}`;
  const evidence = `${countText(left)}${of} requests left until ${untilText(resetsAt, now)}`;
  if (left > (limit ?? 0) * lowShare) return ok('daily-quota', subject, evidence);
  return warning('daily-quota', subject, evidence, {
    mend: 'nothing: runs wait for the reset by themselves. Longer intervals, or a higher limit, if it happens daily',
  });
}
