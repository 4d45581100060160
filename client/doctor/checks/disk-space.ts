import { sizeText } from '../../size-text.ts';
import { failed, ok, warning, type DoctorFinding } from '../doctor-finding.ts';

export interface DiskFacts {
  readonly path: string;
  readonly freeBytes: number;
  /** Of the stream with the largest chunks. */
  readonly chunkRecords: number;
  readonly streams: number;
}

/** A contact with all its properties takes about 1 KB as text; twice that allows for notes and the like. */
const bytesPerRecord = 2_048;

/** Two chunks wait for their merge while a third is written. */
const stagesPerRun = 3;

/** Whether the stages of all streams fit, should they all run at once. An estimate: what a record takes is the account's own. */
export function judgeDiskSpace({ path, freeBytes, chunkRecords, streams }: DiskFacts): DoctorFinding {
  const perRun = chunkRecords * bytesPerRecord * stagesPerRun;
  const free = `${sizeText(freeBytes)} free`;
  const mend = `make room on the disk of ${path}, move dataDir, or set chunkRecords lower`;
  if (freeBytes < perRun) {
    return failed('disk-space', path, `${free}; one run may stage about ${sizeText(perRun)}`, { mend });
  }
  if (freeBytes < perRun * streams) {
    const all = sizeText(perRun * streams);
    return warning('disk-space', path, `${free}; ${streams} runs at once may stage about ${all}`, { mend });
  }
  return ok('disk-space', path, `${free}; one run may stage about ${sizeText(perRun)}`);
}
