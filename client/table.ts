import stringWidth from 'string-width';
import { plainLine } from './plain-text.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Aligned for a person at a terminal, tab-separated for whatever reads a pipe. */
export function printTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  output: { readonly isTerminal: boolean; readonly columns: number },
): string {
  return output.isTerminal ? alignedTable(columns, rows, output.columns) : tabSeparated(columns, rows);
}

/** Aligned columns, two spaces apart, the last one cut at the terminal's width. */
export function alignedTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  terminalColumns = Number.POSITIVE_INFINITY,
): string {
  const lines = [columns.map((column) => column.title.toUpperCase()), ...rows.map((row) => row.map(plainLine))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => stringWidth(line[index] ?? ''))));
  return lines
    .map((line) => {
      const cells = columns.map((column, index) => padded(line[index] ?? '', widths[index]!, column.align ?? 'left'));
      return `${cutToWidth(cells.join('  ').trimEnd(), terminalColumns)}\n`;
    })
    .join('');
}

/** The same table for other programs: tab-separated, with its header. */
export function tabSeparated(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  return [columns.map((column) => column.title), ...rows].map((line) => `${line.map(plainLine).join('\t')}\n`).join('');
}

/** At most so many terminal cells, with `…` where something was left out. */
export function cutToWidth(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let cut = '';
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? space + text : text + space;
}
