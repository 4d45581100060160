import { parseErrorText } from '../../../model/errors.ts';
import { instantText } from '../../duration.ts';
import { runVerb } from '../../mode-words.ts';
import type { RunFacts } from '../../run-facts.ts';
import { failed, type DoctorFinding } from '../doctor-finding.ts';

/** The latest run of a mode did not come to its end. */
export function judgeFailedRun(run: RunFacts): DoctorFinding[] {
  if (run.end?.kind !== 'failed') return [];
  const { message, next } = parseErrorText(run.end.message);
  const at = run.endedAt === null ? '' : `${instantText(run.endedAt)} UTC: `;
  const again = `sluice ${runVerb[run.mode]} ${run.stream}`;
  return [
    failed('failed-run', run.workflowId, `${at}${run.end.failure}: ${message}`, {
      mend: next === null ? again : `${next}; ${again}`,
      ...(run.end.failure === 'AuthRejected' ? { kind: 'auth' } : {}),
    }),
  ];
}
