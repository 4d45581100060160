import { failed, ok, warning, type DoctorFinding } from '../doctor-finding.ts';

export interface FolderFacts {
  readonly path: string;
  readonly isPresent: boolean;
  /** Of the folder, or of the nearest one above it that is there. */
  readonly isWritable: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** Whether this user may change them. */
  readonly isOwn: boolean;
}

const ofOthers = 0o077;

/** Stages hold rows in the clear while they wait for their merge: nobody else may read them. */
export function judgeStageFolder({ path, isPresent, isWritable, mode, isOwn }: FolderFacts): DoctorFinding {
  if (!isWritable) {
    return failed('stage-folder', path, 'this user may not write there', {
      mend: 'set dataDir to a folder this user may write to',
      kind: 'config',
    });
  }
  if (!isPresent) return ok('stage-folder', path, 'will be created by the first run');
  if ((mode & ofOthers) === 0) return ok('stage-folder', path, 'writable, and for this user only');
  return warning('stage-folder', path, `other users may look into it (mode ${mode.toString(8).padStart(4, '0')})`, {
    mend: isOwn ? `sluice doctor --fix, or chmod 700 ${path}` : `have its owner do: chmod 700 ${path}`,
    ...(isOwn ? { repair: { kind: 'restrictFolder', path } } : {}),
  });
}
