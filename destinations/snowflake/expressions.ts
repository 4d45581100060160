/** Expressions that Snowflake has no short form of. */

/** A condition of which NULL counts as false. */
export function isTrue(condition: string): string {
  return `COALESCE(${condition}, FALSE)`;
}

/** The greater of two values, or the one that is not NULL: GREATEST is NULL where either is. */
export function greatest(a: string, b: string): string {
  return `COALESCE(GREATEST(${a}, ${b}), ${a}, ${b})`;
}
