import { failed, okWhereNone, type DoctorFinding } from '../doctor-finding.ts';

/** A part of the config that a run would read. */
export interface SectionFacts {
  readonly section: string;
  /** Why it cannot be read; null where it can. */
  readonly problem: string | null;
  readonly next: string | null;
}

/** Whether every variable is set, and of the right form, for a worker started from this shell. */
export function judgeVariables(sections: readonly SectionFacts[]): readonly DoctorFinding[] {
  const findings = sections.flatMap(({ section, problem, next }) =>
    problem === null ? [] : [failed('config-variables', section, problem, { mend: next, kind: 'config' })],
  );
  return okWhereNone(findings, ['config-variables', 'variables', `complete for ${sections.length} sections`]);
}
