import { styleText } from 'node:util';
import type { ErrorReport } from './cli-error.ts';
import { plainLine } from './plain-text.ts';

/** Data goes to stdout, talk to stderr: what a script reads is never mixed with what a person reads. */
export interface Output {
  /** Set by `--json` or `SLUICE_JSON=1`: documents instead of text. */
  readonly isJson: boolean;
  readonly isTerminal: boolean;
  /** Width of the terminal in cells; unlimited where there is none. */
  readonly columns: number;
  /** Text on stdout; nothing under `--json`. */
  text(text: string): void;
  /** One JSON document or line on stdout; nothing without `--json`. */
  document(schema: string, body: object): void;
  /** A line for the person watching, on stderr. */
  talk(line: string): void;
  warn(line: string): void;
}

export function createOutput(options: { readonly isJson: boolean }): Output {
  const { isJson } = options;
  return {
    isJson,
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns || Number.POSITIVE_INFINITY,
    text: (text) => {
      if (!isJson) process.stdout.write(text);
    },
    document: (schema, body) => {
      if (isJson) process.stdout.write(`${JSON.stringify({ schema: `sluice.${schema}/1`, ...body })}\n`);
    },
    talk: (line) => void process.stderr.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${coloured('yellow', 'warning:')} ${line}\n`),
  };
}

/** One line on stderr: as JSON where the caller asked for JSON. */
export function writeError(report: ErrorReport, options: { readonly isJson: boolean }): void {
  if (options.isJson) {
    process.stderr.write(`${JSON.stringify({ schema: 'sluice.error/1', ...report })}\n`);
    return;
  }
  const next = report.next === null ? '' : `; next: ${report.next}`;
  // A config's problems are a line each; nothing else spans lines.
  const lines = `${report.message}${next}`.split('\n').map(plainLine);
  process.stderr.write(`${coloured('red', 'error:')} ${lines.join('\n')}\n`);
}

/** A word for stderr; plain wherever NO_COLOR, TERM=dumb or a pipe say so. */
function coloured(colour: 'red' | 'yellow', text: string): string {
  if (process.env['TERM'] === 'dumb') return text;
  return styleText(colour, text, { stream: process.stderr });
}

/** `| head` closes stdout early; that is the reader's right and no error. */
export function exitQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
