import type { Finding } from '../../model/finding.ts';
import type { FindingCode } from './finding-codes.ts';
import type { Repair } from './repair.ts';

/** One thing the doctor looked at. */
export interface DoctorFinding {
  readonly code: FindingCode;
  /** `skipped` is never as good as `ok`. */
  readonly status: Finding['status'] | 'skipped';
  /** A stream, schedule, run, folder, ...: what it is about. */
  readonly subject: string;
  /** What was seen, in names, counts and instants; never a record's value. */
  readonly evidence: string;
  /** The command, or the one thing to do, that puts it right; null where nothing has to be done. */
  readonly mend: string | null;
  /** Chooses the exit code where it is not simply a finding. */
  readonly kind: Finding['kind'];
  /** What `--fix` does about it; null where a person has to decide. */
  readonly repair: Repair | null;
}

interface More {
  readonly mend?: string | null;
  readonly kind?: Finding['kind'];
  readonly repair?: Repair;
}

export function ok(code: FindingCode, subject: string, evidence: string): DoctorFinding {
  return { code, status: 'ok', subject, evidence, mend: null, kind: null, repair: null };
}

export function warning(code: FindingCode, subject: string, evidence: string, more: More = {}): DoctorFinding {
  return { ...ok(code, subject, evidence), ...more, status: 'warning' };
}

export function failed(code: FindingCode, subject: string, evidence: string, more: More = {}): DoctorFinding {
  return { ...ok(code, subject, evidence), ...more, status: 'failed' };
}

/** Not looked at, and why not. A kind says that the reason itself has to be mended. */
export function skipped(code: FindingCode, subject: string, reason: string, more: More = {}): DoctorFinding {
  return { ...ok(code, subject, reason), ...more, status: 'skipped' };
}

/** The findings, or one line that says that there is none. */
export function okWhereNone(
  findings: readonly DoctorFinding[],
  none: readonly [code: FindingCode, subject: string, evidence: string],
): readonly DoctorFinding[] {
  return findings.length > 0 ? findings : [ok(...none)];
}

/** A look of the worker's, as `sluice check` shows it. */
export function fromCheck(code: FindingCode, { subject, status, text, next, kind }: Finding): DoctorFinding {
  return { ...ok(code, subject, text), status, mend: next, kind };
}
