import type { Column } from '../model/column.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { StagedRow } from '../model/source.ts';
import type { UnstagedValue } from '../model/unstaged-value.ts';

export interface FittingRows {
  readonly rows: readonly StagedRow[];
  /** What was taken out of them. */
  readonly unstaged: readonly UnstagedValue[];
}

/** No UTF-16 unit takes more bytes of UTF-8. */
const mostBytesPerUnit = 3;

/** Puts NULL in the place of values longer than `maxTextBytes`, and tells of each. Rows without one stay as they are. */
export function withoutLongValues(
  plan: Pick<StreamPlan, 'key' | 'columns'>,
  maxTextBytes: number | null,
): (rows: readonly StagedRow[]) => FittingRows {
  if (maxTextBytes === null) return (rows) => ({ rows, unstaged: [] });
  const isTooLong = (value: string | null | undefined): boolean =>
    typeof value === 'string' &&
    value.length * mostBytesPerUnit > maxTextBytes &&
    Buffer.byteLength(value) > maxTextBytes;
  const columns: readonly Column[] = [plan.key, ...plan.columns];
  const reason = `longer than ${maxTextBytes} bytes`;
  return (rows) => {
    const unstaged: UnstagedValue[] = [];
    const fitting = rows.map((row) => {
      if (!row.some(isTooLong)) return row;
      const [id, observedAt] = [row[0], row[columns.length + 1]];
      return row.map((value, n) => {
        if (!isTooLong(value)) return value;
        const { name, type } = columns[n]!;
        unstaged.push([isTooLong(id) ? null : (id ?? null), name, type, reason, observedAt ?? '']);
        return null;
      });
    });
    return { rows: fitting, unstaged };
  };
}
