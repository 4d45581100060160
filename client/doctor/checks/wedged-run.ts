import { runVerb } from '../../mode-words.ts';
import type { RunFacts } from '../../run-facts.ts';
import { failed, type DoctorFinding } from '../doctor-finding.ts';

/** Its code fails again and again, so that it neither goes on nor ends, and its schedule leaves out every later run. */
export function judgeWedged(run: RunFacts): DoctorFinding[] {
  if (run.end !== null || run.stuck === null) return [];
  const { failures, message } = run.stuck;
  const why = message ?? "the reason is in the worker's log";
  return [
    failed('wedged-run', run.workflowId, `its workflow task failed ${failures} times, and is tried again: ${why}`, {
      mend:
        'deploy workers whose code can replay it; else temporal workflow reset ' +
        `--workflow-id ${run.workflowId} --type LastWorkflowTask --reason wedged, or temporal workflow terminate ` +
        `--workflow-id ${run.workflowId} and sluice ${runVerb[run.mode]} ${run.stream}`,
    }),
  ];
}
