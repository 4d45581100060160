import type { RunFacts } from '../../run-facts.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';

/** By then a step has been tried for minutes. */
const manyAttempts = 8;

/** A step that fails in a way worth retrying, for longer than a hiccup takes. */
export function judgeFailingStep(run: RunFacts): DoctorFinding[] {
  if (run.end !== null || run.stuck !== null) return [];
  return run.retries
    .filter(({ attempt }) => attempt > manyAttempts)
    .map(({ activity, attempt, failure }) =>
      warning(
        'failing-step',
        run.workflowId,
        `${activity} failed ${attempt - 1} times: ${failure ?? 'no reason given'}`,
        {
          mend: `what the failure says; it goes on by itself then. To stop it: sluice cancel ${run.stream}`,
        },
      ),
    );
}
