import type { ExportForm } from '../model/inspection.ts';
import type { KeptReject } from '../model/reject.ts';
import { encodeStagedRows } from '../model/staged-csv.ts';

const fields = ['stream', 'record_id', 'column', 'reason', 'source_type', 'column_type', 'at', 'run'] as const;

export interface ExportedForm extends ExportForm {
  readonly stream: string;
  /** Whose values no export holds, whatever is asked for: they may have been kept before they were hashed. */
  readonly hashedProperties: readonly string[];
}

/** What the file begins with: the header of a CSV file. */
export function exportHeader({ format, values }: ExportForm): string {
  if (format === 'jsonl') return '';
  return encodeStagedRows([values === 'include' ? [...fields, 'value'] : fields]);
}

/** Rejects as the lines of a CSV file (NULL is nothing, an empty text is `""`) or of JSON Lines. */
export function encodeRejects(rejects: readonly KeptReject[], form: ExportedForm): string {
  const rows = rejects.map((reject) => [
    ...reasonsOf(reject, form),
    ...(form.values === 'include' ? [valueOf(reject, form)] : []),
  ]);
  if (form.format === 'csv') return encodeStagedRows(rows);
  const names = [...fields, 'value'];
  return rows
    .map((row) => `${JSON.stringify(Object.fromEntries(row.map((value, n) => [names[n]!, value])))}\n`)
    .join('');
}

function reasonsOf(reject: KeptReject, { stream }: ExportedForm): (string | null)[] {
  const { recordId, column, reason, sourceType, columnType, createdAt, run } = reject;
  return [stream, recordId, column, reason, sourceType, columnType, createdAt, run];
}

function valueOf({ kept, column, payload }: KeptReject, { hashedProperties }: ExportedForm): string | null {
  if (payload === null || hashedProperties.length === 0) return payload;
  const hashed = new Set(hashedProperties.map((name) => name.toLowerCase()));
  if (kept === 'value') return isOf(hashed, column) ? null : payload;
  const record = JSON.parse(payload) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(Object.entries(record).filter(([name]) => !isOf(hashed, name))));
}

/** A column is named as its property in lower case, with a number behind it where another had that name. */
function isOf(hashed: ReadonlySet<string>, column: string | null): boolean {
  const name = (column ?? '').toLowerCase();
  return hashed.has(name) || hashed.has(name.replace(/_\d+$/, ''));
}
