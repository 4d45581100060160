import { clearScreenDown, moveCursor } from 'node:readline';
import { cutToWidth } from './table.ts';

/** Rewriting lines in place needs a real terminal; screen readers, CI logs and plain terminals get lines appended. */
export function canRepaint(environment: NodeJS.ProcessEnv, options: { readonly isTerminal: boolean }): boolean {
  const isPlain =
    environment['NO_COLOR'] || environment['CI'] || environment['ACCESSIBLE'] || environment['TERM'] === 'dumb';
  return options.isTerminal && !isPlain;
}

/**
 * Writes lines over those it wrote last, cut to what the terminal can show at once, since lines that have scrolled away
 * cannot be written over. The same lines again write nothing.
 */
export function createRepaint(terminal: NodeJS.WriteStream): (lines: readonly string[]) => void {
  let painted = '';
  let paintedLines = 0;
  return (lines) => {
    // A terminal that does not tell its size says 0.
    const shown = fitLines(lines, (terminal.rows || 24) - 1).map((line) =>
      cutToWidth(line, (terminal.columns || 80) - 1),
    );
    const text = shown.map((line) => `${line}\n`).join('');
    if (text === painted) return;
    if (paintedLines > 0) moveCursor(terminal, 0, -paintedLines);
    clearScreenDown(terminal);
    terminal.write(text);
    painted = text;
    paintedLines = shown.length;
  };
}

/** At most so many lines, the last of which counts those left out. */
export function fitLines(lines: readonly string[], rows: number): readonly string[] {
  return lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more`];
}
