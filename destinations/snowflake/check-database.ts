import type { Finding } from '../../model/finding.ts';
import { fine, type Look, wrong } from './check-look.ts';
import type { SnowflakeConfig } from './config.ts';
import { grantText, type HeldGrants, missingPrivileges, type Need, readGrants } from './grants.ts';
import { quoteIdentifier, quoteText, storedName, writtenPath } from './identifiers.ts';
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

async function checkStage(session: Session, { config, use, role }: Look, held: HeldGrants): Promise<Finding[]> {
  if (config.stage === undefined) return [];
  const parts = storedName(config.stage).slice(1).split('.');
  const named = parts.at(-1)!;
  const schema = parts.at(-2) ?? use.schemas.map(storedName)[0];
  if (schema === undefined) return [];
  const name = [parts.at(-3) ?? config.database, schema, named];
  const subject = `stage ${config.stage}`;
  const rows = await session.query({
    sql: `SHOW STAGES LIKE ${quoteText(named)} IN DATABASE ${quoteIdentifier(name[0]!)}`,
  });
  const found = rows.find((row) => row['name'] === named && row['schema_name'] === schema);
  if (found === undefined) {
    return [wrong(subject, `it does not exist, or role ${role} may not see it`, 'create it, or correct stage')];
  }
  if (/external/i.test(String(found['type']))) {
    return [
      wrong(
        subject,
        'it is external, and files are put into internal stages only',
        'name an internal one, or leave stage out',
      ),
    ];
  }
  return [grantFinding(subject, held, { on: 'STAGE', name, privileges: ['READ', 'WRITE'] }, role)];
}

function grantFinding(subject: string, held: HeldGrants, need: Need, role: string): Finding {
  const missing = missingPrivileges(held, need);
  if (missing.length === 0) return fine(subject, `role ${role} may do what runs need`);
  const text = `role ${role} lacks ${missing.join(', ')} on ${need.on.toLowerCase()} ${writtenPath(need.name)}`;
  const next = grantText(missing, need, role);
  return held.isWhole
    ? wrong(subject, text, next)
    : { subject, status: 'warning', text: `${text}, unless by a role that cannot be looked into`, next, kind: null };
}
