import type { SnowflakeConfig } from './config.ts';
import { quoteIdentifier, quoteText, storedName } from './identifiers.ts';
import type { Session, SqlRow } from './session.ts';

/** The parts of a stage's name, as they are stored. */
export interface StageName {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
}

/** What config's `stage` means to tables of a schema: one without a schema is in theirs. */
export function stageNameOf(
  { stage, database }: { readonly stage: string } & Pick<SnowflakeConfig, 'database'>,
  schema: string,
): StageName {
  const parts = storedName(stage).slice(1).split('.');
  return { database: parts.at(-3) ?? database, schema: parts.at(-2) ?? storedName(schema), name: parts.at(-1)! };
}

/** The row that SHOW STAGES has of it; null where there is none, or the role may not see it. Needs no warehouse. */
export async function showStage(session: Session, { database, schema, name }: StageName): Promise<SqlRow | null> {
  const sql = `SHOW STAGES LIKE ${quoteText(name)} IN DATABASE ${quoteIdentifier(database)}`;
  const rows = await session.query({ sql });
  return rows.find((row) => row['name'] === name && row['schema_name'] === schema) ?? null;
}
