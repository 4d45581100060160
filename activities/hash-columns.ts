import { createHmac } from 'node:crypto';
import type { StreamPlan } from '../model/plan.ts';
import type { StagedRow } from '../model/source.ts';

/**
 * Replaces the values of hashed columns by HMAC-SHA-256 in hex, before anything is written: the value itself reaches no stage,
 * table or quarantine (rule 17 of docs/spec.md). NULL and the empty string stay as they are. Without a hashed column the
 * key is not asked for.
 */
export function rowHasher(
  plan: Pick<StreamPlan, 'columns'>,
  readKey: () => string,
): (rows: readonly StagedRow[]) => readonly StagedRow[] {
  const positions = plan.columns.flatMap(({ isHashed }, n) => (isHashed ? [n + 1] : []));
  if (positions.length === 0) return (rows) => rows;
  const key = readKey();
  const hash = (value: string | null | undefined): string | null =>
    value === null || value === undefined || value === ''
      ? (value ?? null)
      : createHmac('sha256', key).update(value).digest('hex');
  return (rows) =>
    rows.map((row) => {
      const hashed = [...row];
      for (const position of positions) hashed[position] = hash(row[position]);
      return hashed;
    });
}
