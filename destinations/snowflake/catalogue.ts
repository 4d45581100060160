import type { TableTypes } from '../../model/fit-plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { quoteIdentifier, quoteTable, quoteText, storedName } from './identifiers.ts';
import type { Session } from './session.ts';

/** What exists, by SHOW and DESCRIBE alone: they need no warehouse, and INFORMATION_SCHEMA does. */

export async function hasSchema(session: Session, schema: string): Promise<boolean> {
  const stored = storedName(schema);
  const rows = await session.query({ sql: `SHOW TERSE SCHEMAS IN DATABASE STARTS WITH ${quoteText(stored)}` });
  return rows.some((row) => row['name'] === stored);
}

/** Stored names of tables of a schema that exists. By how they start, since the answer ends after 10,000 of them. */
export async function listTables(
  session: Session,
  schema: string,
  { startingWith }: { readonly startingWith: string },
): Promise<ReadonlySet<string>> {
  const filter = `STARTS WITH ${quoteText(storedName(startingWith))}`;
  const rows = await session.query({ sql: `SHOW TERSE TABLES IN SCHEMA ${quoteIdentifier(schema)} ${filter}` });
  return new Set(rows.map((row) => String(row['name'])));
}

/** Whether a schema that exists has the stage. */
export async function hasStage(session: Session, { schema, table }: TableName): Promise<boolean> {
  const stored = storedName(table);
  const rows = await session.query({
    sql: `SHOW STAGES LIKE ${quoteText(stored)} IN SCHEMA ${quoteIdentifier(schema)}`,
  });
  return rows.some((row) => row['name'] === stored);
}

/** Whether a schema that exists has the table. */
export async function hasTable(session: Session, { schema, table }: TableName): Promise<boolean> {
  return (await listTables(session, schema, { startingWith: table })).has(storedName(table));
}

/** Empty where there is no such table. */
export async function readColumnTypes(session: Session, table: TableName): Promise<TableTypes> {
  return (await hasTable(session, table)) ? describeTable(session, table) : new Map();
}

/** The columns of a table that exists. Those that were named by hand in a way that no name of ours can be are left out. */
export async function describeTable(session: Session, table: TableName): Promise<TableTypes> {
  const rows = await session.query({ sql: `DESCRIBE TABLE ${quoteTable(table)}` });
  const columns = rows.map((row) => [String(row['name']), String(row['type'])] as const);
  return new Map(
    columns
      .map(([stored, type]) => [stored, stored.toLowerCase(), type] as const)
      .filter(([stored, name]) => storedName(name) === stored)
      .map(([, name, type]) => [name, type]),
  );
}
