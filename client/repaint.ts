import { clearScreenDown, moveCursor } from 'node:readline';
import { cutToWidth } from './table.ts';

/** Rewriting lines in place needs a real terminal; screen readers, CI logs and plain terminals get lines appended. */
export function canRepaint(environment: NodeJS.ProcessEnv, options: { readonly isTerminal: boolean }): boolean {
  const isPlain =
    environment['NO_COLOR'] || environment['CI'] || environment['ACCESSIBLE'] || environment['TERM'] === 'dumb';
  return options.isTerminal && !isPlain;
}

/** Writes lines over those it wrote last, each cut at the terminal's width; the same lines again write nothing. */
export function createRepaint(terminal: NodeJS.WriteStream): (lines: readonly string[]) => void {
  let painted = '';
  let paintedLines = 0;
  return (lines) => {
    const text = lines.map((line) => `${cutToWidth(line, terminal.columns - 1)}\n`).join('');
    if (text === painted) return;
    if (paintedLines > 0) moveCursor(terminal, 0, -paintedLines);
    clearScreenDown(terminal);
    terminal.write(text);
    painted = text;
    paintedLines = lines.length;
  };
}
