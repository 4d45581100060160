import { failed, ok, type DoctorFinding } from '../doctor-finding.ts';

/** Sources run as they are written, which older ones cannot do. */
const oldest = 24;

/** `version` as in `process.versions.node`. */
export function judgeNodeVersion(version: string): DoctorFinding {
  const subject = 'Node.js';
  if (Number.parseInt(version, 10) >= oldest) return ok('node-version', subject, version);
  return failed('node-version', subject, `${version}, which is older than ${oldest}`, {
    mend: `install Node.js ${oldest} or later, or start sluice by its npm script`,
    kind: 'config',
  });
}
