import { spanText } from '../../duration.ts';
import { ok, warning, type DoctorFinding } from '../doctor-finding.ts';

export interface RetentionFacts {
  readonly namespace: string;
  /** How long Temporal keeps a closed run; null where it does not tell. */
  readonly retentionMs: number | null;
  /** Of all the schedules that config wants; null without any. */
  readonly slowest: { readonly scheduleId: string; readonly longestGapMs: number } | null;
}

/** A run that Temporal has forgotten before the next begins can be looked at by nobody. */
export function judgeRetention({ namespace, retentionMs, slowest }: RetentionFacts): DoctorFinding {
  const subject = `namespace ${namespace}`;
  if (retentionMs === null) return ok('namespace-retention', subject, 'it does not tell how long it keeps closed runs');
  const kept = `keeps closed runs for ${spanText(retentionMs)}`;
  if (slowest === null || retentionMs >= slowest.longestGapMs) return ok('namespace-retention', subject, kept);
  return warning(
    'namespace-retention',
    subject,
    `${kept}; ${slowest.scheduleId} runs every ${spanText(slowest.longestGapMs)}, so that its last run is gone by then`,
    { mend: `temporal operator namespace update --namespace ${namespace} --retention 30d` },
  );
}
