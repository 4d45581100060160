import { judgeClocks } from '../checks/clock-skew.ts';
import { judgeQuota } from '../checks/daily-quota.ts';
import { fromCheck, type DoctorFinding } from '../doctor-finding.ts';
import type { Examination } from '../examination.ts';

/** Credentials, what may be read, and what is left of the account's limits. */
export async function examineSources(examination: Examination): Promise<DoctorFinding[]> {
  const { answer } = await examination.worker();
  const now = new Date();
  return answer.sources.flatMap(({ name, findings, usage }) => {
    const checked = findings.map((finding) => fromCheck('source-check', finding));
    if (usage === null) return checked;
    const { daily, sourceNow, machineNow } = usage;
    const ours = { name: 'the worker', at: machineNow };
    const clock =
      sourceNow === null
        ? []
        : [judgeClocks({ code: 'source-clock', theirs: { name: `source ${name}`, at: sourceNow }, ours })];
    return [...checked, judgeQuota(name, daily, now), ...clock];
  });
}
