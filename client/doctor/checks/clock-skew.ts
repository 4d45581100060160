import type { FindingCode } from '../finding-codes.ts';
import { failed, ok, warning, type DoctorFinding } from '../doctor-finding.ts';

/** One moment by two clocks, to about a second; ISO instants. */
export interface ClockFacts {
  readonly code: Extract<FindingCode, 'clock-skew' | 'source-clock'>;
  readonly theirs: { readonly name: string; readonly at: string };
  readonly ours: { readonly name: string; readonly at: string };
}

/** Beyond what a slow answer explains. */
const noticeableMs = 5_000;

/** Windows of incremental runs overlap by five minutes; half of that is too near. */
const harmfulMs = 150_000;

export function judgeClocks({ code, theirs, ours }: ClockFacts): DoctorFinding {
  const aheadMs = Date.parse(theirs.at) - Date.parse(ours.at);
  const subject = `clock of ${theirs.name}`;
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const evidence = `${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} that of ${ours.name}`;
  if (Math.abs(aheadMs) < noticeableMs) return ok(code, subject, evidence);
  const mend = 'let both machines keep their time by NTP (timedatectl, chronyc tracking)';
  return Math.abs(aheadMs) < harmfulMs
    ? warning(code, subject, evidence, { mend })
    : failed(code, subject, evidence, { mend });
}
