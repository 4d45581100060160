import { countText } from '../../count-text.ts';
import { spanText, untilText } from '../../duration.ts';
import { pauseText } from '../../run-view.ts';
import type { RunFacts } from '../../run-facts.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';

/** A pause of less is one that somebody is still in the middle of. */
const longPauseMs = 24 * 3_600_000;

/** Runs that wait for a person: an approval always, a pause once it is a day old. */
export function judgeHeldRun(run: RunFacts, now: Date): DoctorFinding[] {
  if (run.end !== null || run.progress === null) return [];
  const { phase, approval, paused } = run.progress;
  if (phase === 'needs approval' && approval !== null) {
    const until = untilText(approval.until, now);
    return [
      warning(
        'waiting-approval',
        run.workflowId,
        `${countText(approval.vanished)} rows; ${approval.reason}; until ${until}`,
        {
          mend: `sluice check and sluice verify ${run.stream}, then sluice approve ${run.stream}`,
        },
      ),
    ];
  }
  const pausedMs = paused === null ? 0 : now.getTime() - Date.parse(paused.at);
  if (phase !== 'paused' || pausedMs < longPauseMs) return [];
  const who = pauseText(paused) ?? 'without a name';
  const since = spanText(Math.floor(pausedMs / 3_600_000) * 3_600_000);
  return [
    warning('paused-run', run.workflowId, `paused ${who}, ${since} ago`, { mend: `sluice resume ${run.stream}` }),
  ];
}
