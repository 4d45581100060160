import type { TableName } from '../../model/stream-table.ts';

/**
 * A name as people write it without quotes: Snowflake stores those in upper case. What needs quotes there (a keyword, an odd
 * character) needs them in a query too, with the letters in upper case. Only ASCII letters are folded, so that two names
 * that differ stay different.
 */
export function storedName(name: string): string {
  return name.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Always quoted, so that no name can be anything but a name. */
export function quoteIdentifier(name: string): string {
  return quoteStored(storedName(name));
}

/** The same for a name that Snowflake itself told, whose letters are as they are. */
export function quoteStored(stored: string): string {
  return `"${stored.replaceAll('"', '""')}"`;
}

/** A stored name as people write it, and as a login takes it: with quotes only where it cannot do without. */
export function writtenName(stored: string): string {
  return /^[A-Z_][A-Z0-9_$]*$/.test(stored) ? stored : quoteStored(stored);
}

export function writtenPath(stored: readonly string[]): string {
  return stored.map(writtenName).join('.');
}

export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function quoteTable({ schema, table }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}
