import { plainLine } from '../plain-text.ts';
import type { DoctorGroup } from './finding-codes.ts';
import type { TreatedFinding } from './mend-findings.ts';

/** Words always; the marks are for eyes that skim, and left out for readers that speak them. */
export interface ReportStyle {
  readonly marks: 'shown' | 'hidden';
}

const marks: Readonly<Record<TreatedFinding['status'] | 'mended', string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
  skipped: '·',
  mended: '✓',
};

/** Neither a screen reader nor a plain terminal is given marks. */
export function reportStyle(environment: NodeJS.ProcessEnv): ReportStyle {
  const isPlain = environment['ACCESSIBLE'] || environment['TERM'] === 'dumb';
  return { marks: isPlain ? 'hidden' : 'shown' };
}

/** A heading and a line for each finding, with what puts it right behind it. */
export function groupText(group: DoctorGroup, findings: readonly TreatedFinding[], style: ReportStyle): string {
  const title = `${group.charAt(0).toUpperCase()}${group.slice(1)}`;
  return `${title}\n${findings.map((finding) => findingText(finding, style)).join('')}`;
}

function findingText(finding: TreatedFinding, style: ReportStyle): string {
  const { code, subject, evidence, mend, done, notDone } = finding;
  const word = done === null ? finding.status : 'mended';
  const mark = style.marks === 'shown' ? `${marks[word]} ` : '';
  const lines = [`  ${mark}${word.padEnd(7)} ${code}: ${plainLine(`${subject}: ${evidence}`)}`];
  if (done !== null) lines.push(`      done: ${plainLine(done)}`);
  if (notDone !== null) lines.push(`      not done: ${plainLine(notDone)}`);
  if (done === null && mend !== null) lines.push(`      next: ${plainLine(mend)}`);
  return `${lines.join('\n')}\n`;
}

/** `2 failed, 1 warning, 3 skipped, 4 mended; 12 ok`. */
export function summaryText(findings: readonly TreatedFinding[]): string {
  const count = (word: string): number =>
    findings.filter(({ status, done }) => (done === null ? status : 'mended') === word).length;
  const words = ['failed', 'warning', 'skipped', 'mended'].filter((word) => count(word) > 0);
  const wrong = words.map((word) => `${count(word)} ${word}`).join(', ') || 'nothing wrong';
  return `${wrong}; ${count('ok')} ok`;
}
