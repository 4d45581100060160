import type { ExaminedStage } from '../../../model/inspection.ts';
import { instantText } from '../../duration.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';
import { sizeText } from '../../size-text.ts';

/** What has no run to ask for is in use while it is younger: no verification takes longer, and exports wait to be fetched. */
const usedMs: Readonly<Record<string, number>> = { verify: 6 * 3_600_000, exports: 24 * 3_600_000 };

/** Rows in the clear that nobody will merge. */
export function judgeStagedRun(staged: ExaminedStage, need: 'needed' | 'left', now: Date): DoctorFinding[] {
  const { stream, mode, run, sizeBytes, modifiedAt, uploadedTo } = staged;
  const usedForMs = usedMs[mode];
  const isInUse = usedForMs === undefined ? need === 'needed' : now.getTime() - Date.parse(modifiedAt) < usedForMs;
  if (isInUse) return [];
  const where = uploadedTo === undefined ? '' : ` uploaded to ${uploadedTo.destination}`;
  const evidence = `${sizeText(sizeBytes)}${where} of run ${run}, last written ${instantText(modifiedAt)} UTC; no open run needs it`;
  return [
    warning('stage-leftover', `${mode} of ${stream}`, evidence, {
      mend: 'sluice doctor --fix, or the next run of that mode',
      repair: { kind: 'sweepStage', stream, mode, run, ...(uploadedTo === undefined ? {} : { uploadedTo }) },
    }),
  ];
}
