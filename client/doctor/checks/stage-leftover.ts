import type { StagedRun } from '../../../model/inspection.ts';
import { instantText } from '../../duration.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';
import { sizeText } from './disk-space.ts';

/** No verification takes longer. */
const verifyMs = 6 * 3_600_000;

/** Rows in the clear that nobody will merge. A verification has no run to ask for, so that its age decides. */
export function judgeStagedRun(staged: StagedRun, execution: 'open' | 'closed', now: Date): DoctorFinding[] {
  const { stream, mode, run, sizeBytes, modifiedAt } = staged;
  const isInUse = mode === 'verify' ? now.getTime() - Date.parse(modifiedAt) < verifyMs : execution === 'open';
  if (isInUse) return [];
  const evidence = `${sizeText(sizeBytes)} of run ${run}, last written ${instantText(modifiedAt)} UTC; no open run needs it`;
  return [
    warning('stage-leftover', `${mode} of ${stream}`, evidence, {
      mend: 'sluice doctor --fix, or the next run of that mode',
      repair: { kind: 'sweepStage', stream, mode, run },
    }),
  ];
}
