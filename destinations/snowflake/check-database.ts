import type { Finding } from '../../model/finding.ts';
import { fine, type Look, wrong } from './check-look.ts';
import { checkStage } from './check-stage.ts';
import type { SnowflakeConfig } from './config.ts';
import { grantFinding } from './grant-finding.ts';
import { readGrants } from './grants.ts';
import { quoteIdentifier, storedName, writtenPath } from './identifiers.ts';
import type { Session } from './session.ts';

/** Whether the role may make and fill tables in the schemas, and files in the stage. */
export async function checkDatabase(session: Session, look: Look): Promise<Finding[]> {
  const { config, use, role, isUsable } = look;
  const subject = `database ${config.database}`;
  if (!isUsable) {
    const grant = `GRANT USAGE ON DATABASE ${writtenPath([config.database])} TO ROLE ${writtenPath([role])}`;
    return [wrong(subject, `it does not exist, or role ${role} may not use it`, `${grant}, or correct database`)];
  }
  const held = await readGrants(session, role);
  const schemas = await session.query({ sql: `SHOW SCHEMAS IN DATABASE ${quoteIdentifier(config.database)}` });
  const present = new Set(schemas.map((row) => String(row['name'])));
  const findings = use.schemas.map((schema) => {
    const name = [config.database, storedName(schema)];
    return present.has(storedName(schema))
      ? grantFinding(
          `schema ${writtenPath(name)}`,
          held,
          { on: 'SCHEMA', name, privileges: schemaPrivileges(config) },
          role,
        )
      : grantFinding(
          `schema ${writtenPath(name)}, which a run will create`,
          held,
          { on: 'DATABASE', name: [config.database], privileges: ['CREATE SCHEMA'] },
          role,
        );
  });
  return [fine(subject, `role ${role} may use it`), ...findings, ...(await checkStage(session, look, held))];
}

/** Of a schema that another role owns: Sluice's own tables belong to its role. */
function schemaPrivileges({ stage }: SnowflakeConfig): string[] {
  return ['USAGE', 'CREATE TABLE', 'CREATE VIEW', ...(stage === undefined ? ['CREATE STAGE'] : [])];
}
