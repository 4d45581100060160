import type { Finding } from '../model/finding.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { plainLine } from './plain-text.ts';

export function exitCodeOfFinding(finding: Finding): ExitCode {
  if (finding.status !== 'failed') return exitCode.done;
  switch (finding.kind) {
    case 'auth':
      return exitCode.auth;
    case 'unreachable':
      return exitCode.unreachable;
    case 'config':
      return exitCode.usage;
    case null:
      return exitCode.runFailed;
    default:
      return finding.kind satisfies never;
  }
}

const marks: Readonly<Record<Finding['status'], string>> = { ok: '✓', warning: '!', failed: '✗' };

/** A finding for a person, with what to do about it on a line of its own. */
export function findingText({ status, subject, text, next }: Finding): string {
  const advice = next === null ? '' : `\n    next: ${plainLine(next)}`;
  return `${marks[status]} ${plainLine(`${subject}: ${text}`)}${advice}\n`;
}
