import { reportError } from '../cli-error.ts';
import { failed, skipped, type DoctorFinding } from './doctor-finding.ts';
import type { Examination } from './examination.ts';
import type { DoctorGroup } from './finding-codes.ts';
import { examineConfig } from './groups/config.ts';
import { examineDestinations } from './groups/destinations.ts';
import { examineRuns } from './groups/runs.ts';
import { examineSchedules } from './groups/schedules.ts';
import { examineSources } from './groups/sources.ts';
import { examineStreams } from './groups/streams.ts';
import { examineTemporal } from './groups/temporal.ts';
import { kindOfError } from './kind-of-error.ts';

const examiners: Readonly<Record<DoctorGroup, (examination: Examination) => Promise<readonly DoctorFinding[]>>> = {
  config: examineConfig,
  temporal: examineTemporal,
  runs: examineRuns,
  schedules: examineSchedules,
  streams: examineStreams,
  destinations: examineDestinations,
  sources: examineSources,
};

/** One group's findings. What it needs and cannot have (Temporal, a worker) leaves it skipped, with the reason; nothing is thrown. */
export async function examineGroup(group: DoctorGroup, examination: Examination): Promise<readonly DoctorFinding[]> {
  try {
    return await examiners[group](examination);
  } catch (error) {
    const { message, next } = reportError(error);
    const kind = kindOfError(error);
    const more = { mend: next, kind };
    return [
      kind === null ? failed('not-looked-at', group, message, more) : skipped('not-looked-at', group, message, more),
    ];
  }
}
