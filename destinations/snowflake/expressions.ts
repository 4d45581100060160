import type { ColumnType } from '../../model/column.ts';
import { columnTypeFor } from './column-types.ts';

/** A bound text, as a value of the type. */
export function buildBound(type: ColumnType): string {
  return type === 'text' ? '?' : `CAST(? AS ${columnTypeFor(type)})`;
}

/** A condition of which NULL counts as false. */
export function isTrue(condition: string): string {
  return `COALESCE(${condition}, FALSE)`;
}

/** The greater of two values, or the one that is not NULL: GREATEST is NULL where either is. */
export function greatest(a: string, b: string): string {
  return `COALESCE(GREATEST(${a}, ${b}), ${a}, ${b})`;
}
