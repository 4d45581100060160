import type { RunFacts } from '../../run-facts.ts';
import { failed, type DoctorFinding } from '../doctor-finding.ts';

/** Scheduled runs come and go, and bring nothing: they have no position to begin at. */
export function judgeNeedsBackfill(latest: RunFacts): DoctorFinding[] {
  if (latest.end?.kind !== 'done' || latest.end.result.mode !== 'incremental') return [];
  const { outcome, startReason } = latest.end.result;
  if (outcome !== 'needsBackfill') return [];
  return [
    failed('needs-backfill', latest.stream, `its incremental runs read nothing: ${startReason}`, {
      mend: `sluice backfill ${latest.stream}`,
    }),
  ];
}
