import type { Finding } from '../../model/finding.ts';
import { reportError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';

/** The kind of finding that ends with the exit code which the error would have ended with. */
export function kindOfError(error: unknown): Finding['kind'] {
  switch (reportError(error).exitCode) {
    case exitCode.auth:
      return 'auth';
    case exitCode.usage:
      return 'config';
    case exitCode.unreachable:
      return 'unreachable';
    default:
      return null;
  }
}
