import { failed, ok, warning, type DoctorFinding } from '../doctor-finding.ts';

export interface AttributeFacts {
  readonly namespace: string;
  readonly wanted: readonly string[];
  /** Types by name, in Temporal's numbers; null where this user may not list them, for the reason given. */
  readonly stored: Readonly<Record<string, number>> | null;
  readonly reason: string | null;
}

// https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/common.proto
export const keywordType = 2;

/** Runs do without them; lists in the Temporal UI then cannot be narrowed to a stream. */
export function judgeSearchAttributes({ namespace, wanted, stored, reason }: AttributeFacts): readonly DoctorFinding[] {
  const subject = `namespace ${namespace}`;
  if (stored === null) {
    const text = `they may not be listed here: ${reason ?? 'no reason given'}`;
    return [warning('search-attributes', subject, text, { mend: 'ask an operator of the namespace' })];
  }
  const missing = wanted.filter((name) => stored[name] === undefined);
  const wrong = wanted.filter((name) => stored[name] !== undefined && stored[name] !== keywordType);
  const findings: DoctorFinding[] = [];
  if (missing.length > 0) {
    findings.push(
      warning('search-attributes', subject, `${missing.join(', ')} missing: runs go without`, {
        mend: 'sluice doctor --fix, then restart the workers: they look once, when they start',
        repair: { kind: 'createSearchAttributes', names: missing },
      }),
    );
  }
  if (wrong.length > 0) {
    const types = wrong.map((name) => `${name} (type ${stored[name]})`).join(', ');
    findings.push(
      failed('search-attributes', subject, `${types} of another type than Keyword: runs go without any`, {
        mend: `temporal operator search-attribute remove ${wrong.map((name) => `--name ${name}`).join(' ')}, then sluice doctor --fix`,
      }),
    );
  }
  return findings.length > 0 ? findings : [ok('search-attributes', subject, wanted.join(', '))];
}
