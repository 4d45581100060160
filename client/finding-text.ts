import type { Finding } from '../model/finding.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { plainLine } from './plain-text.ts';

export function exitCodeOfFinding({ status, kind }: Finding): ExitCode {
  return status === 'failed' ? exitCodeOfFindingKind(kind, exitCode.runFailed) : exitCode.done;
}

/** `otherwise` is the code of what is of no kind. */
export function exitCodeOfFindingKind(kind: Finding['kind'], otherwise: ExitCode): ExitCode {
  switch (kind) {
    case 'auth':
      return exitCode.auth;
    case 'unreachable':
      return exitCode.unreachable;
    case 'config':
      return exitCode.usage;
    case null:
      return otherwise;
    default:
      return kind satisfies never;
  }
}

const marks: Readonly<Record<Finding['status'], string>> = { ok: '✓', warning: '!', failed: '✗' };

/** A finding for a person, with what to do about it on a line of its own. */
export function findingText({ status, subject, text, next }: Finding): string {
  const advice = next === null ? '' : `\n    next: ${plainLine(next)}`;
  return `${marks[status]} ${plainLine(`${subject}: ${text}`)}${advice}\n`;
}
