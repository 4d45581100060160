import type { OpenRunRow } from '../../../model/inspection.ts';
import { instantText } from '../../duration.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';

/** A run that was terminated runs no clean-up, so that its row says `running` until the next run of its mode. */
export function judgeRunRow(row: OpenRunRow, execution: 'open' | 'closed'): DoctorFinding[] {
  if (execution === 'open') return [];
  const { stream, mode, run, startedAt } = row;
  return [
    warning(
      'dead-run-row',
      `${mode} of ${stream}`,
      `sync_runs has run ${run} as running since ${instantText(startedAt)} UTC; its execution is closed or gone`,
      { mend: 'sluice doctor --fix, or the next run of that mode', repair: { kind: 'closeRun', stream, mode, run } },
    ),
  ];
}
