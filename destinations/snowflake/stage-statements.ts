import type { TableName } from '../../model/stream-table.ts';
import { quoteIdentifier, quoteTable, quoteText } from './identifiers.ts';
import type { Statement } from './session.ts';

/** Where one is made for each target schema, since none is configured. */
const ownStage = 'SLUICE_STAGE';

/**
 * The stage of a target schema as SQL, `@"SCHEMA"."NAME"`. `configured` is `@NAME`, in the target schema itself, or one with its
 * schema, or with database and schema.
 */
export function stageLocation(configured: string | undefined, schema: string): string {
  const parts = (configured ?? `@${ownStage}`).slice(1).split('.');
  return `@${[...(parts.length === 1 ? [schema] : []), ...parts].map(quoteIdentifier).join('.')}`;
}

/** The stage that a target schema has where none is configured. */
export function ownStageOf(schema: string): TableName {
  return { schema, table: ownStage };
}

export function buildCreateStage(schema: string): Statement {
  return { sql: `CREATE STAGE IF NOT EXISTS ${quoteTable(ownStageOf(schema))}` };
}

/** The slash at the end keeps it from meaning every folder whose name begins like this one's. */
export function buildListFiles(location: string, folder: string): Statement {
  return { sql: `LIST ${quoteText(`${location}/${folder}/`)}` };
}

export function buildRemoveFiles(location: string, folder: string): Statement {
  return { sql: `REMOVE ${quoteText(`${location}/${folder}/`)}` };
}
