import type { TableName } from '../../model/stream-table.ts';
import { parseAccount } from './account.ts';
import type { SnowflakeConfig } from './config.ts';
import { quoteIdentifier, quoteTable, quoteText } from './identifiers.ts';
import type { Statement } from './session.ts';
import { streamSuffix } from './stream-suffix.ts';

/** Where one is made for each target schema, since none is configured. */
const ownStage = 'SLUICE_STAGE';

export type StageOwner = Pick<SnowflakeConfig, 'account' | 'database' | 'stage'>;

/**
 * Where the files of a target schema are, as SQL: `@"SCHEMA"."SLUICE_STAGE"`, or a folder of the stage that config names: `@NAME`, in
 * the target schema itself, or one with its schema, or with database and schema. Others may use that one as well; the folder is of the
 * account and database, so that nobody sweeps files of another deployment.
 */
export function stageLocation(owner: StageOwner, schema: string): string {
  const { stage } = owner;
  const parts = (stage ?? `@${ownStage}`).slice(1).split('.');
  const named = `@${[...(parts.length === 1 ? [schema] : []), ...parts].map(quoteIdentifier).join('.')}`;
  return stage === undefined ? named : `${named}/${folderInNamedStage(owner)}`;
}

/** Without a slash at either end. */
export function folderInNamedStage({ account, database }: Pick<StageOwner, 'account' | 'database'>): string {
  return streamSuffix(parseAccount(account)!.identity, database);
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
