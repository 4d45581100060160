import type { TableName } from '../../model/stream-table.ts';
import type { SnowflakeConfig } from './config.ts';
import { quoteTable, storedName } from './identifiers.ts';

/** The stage that a run makes in its target schema, unless config names another. */
export const defaultStage = 'sluice_stage';

/** The stage that holds the files of a schema's streams, as SQL. */
export function stageLocation(
  { stage }: Pick<SnowflakeConfig, 'stage'>,
  { schema }: Pick<TableName, 'schema'>,
): string {
  return stage === undefined ? `@${quoteTable({ schema, table: defaultStage })}` : storedName(stage);
}
