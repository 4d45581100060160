import { exitCode, gravestExitCode, type ExitCode } from '../exit-code.ts';
import { exitCodeOfFindingKind } from '../finding-text.ts';
import type { TreatedFinding } from './mend-findings.ts';

/** What is left after mending: 3 for findings, 2, 4 and 5 by their kind. Warnings count only where asked to. */
export function exitCodeOfFindings(
  findings: readonly TreatedFinding[],
  options: { readonly warnings: 'count' | 'pass' },
): ExitCode {
  return gravestExitCode(findings.filter(({ done }) => done === null).map((finding) => exitCodeOf(finding, options)));
}

function exitCodeOf({ status, kind }: TreatedFinding, { warnings }: { readonly warnings: 'count' | 'pass' }): ExitCode {
  if (status === 'ok' || (status === 'skipped' && kind === null)) return exitCode.done;
  if (status === 'warning') return warnings === 'count' ? exitCode.rejects : exitCode.done;
  return exitCodeOfFindingKind(kind, exitCode.rejects);
}
