import type { DestinationUse } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import { failedFinding, type Finding } from '../../model/finding.ts';
import type { SyncMode } from '../../model/plan.ts';
import { checkDatabase } from './check-database.ts';
import { fine, type Look } from './check-look.ts';
import { checkWarehouse } from './check-warehouse.ts';
import type { SnowflakeConfig } from './config.ts';
import { type Connections, warehouseFor } from './connection.ts';
import { credentialKind } from './credential.ts';
import type { Session } from './session.ts';

/**
 * Logs in and looks at what runs need, by SHOW and by what a session tells of itself: none of it needs a warehouse, or
 * starts one. Creates nothing.
 */
export async function checkAccount(
  connections: Connections,
  config: SnowflakeConfig,
  use: DestinationUse,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  // Which warehouse a session has, only a session of it can tell.
  const modes = new Map<string, SyncMode>(
    (['backfill', 'incremental'] as const).map((mode) => [warehouseFor(config, mode), mode]),
  );
  for (const [warehouse, mode] of modes) {
    try {
      const looked = await connections.use(signal, (session) => lookFrom(session, { config, use, warehouse, signal }), {
        mode,
      });
      // The account, database and schemas are the same from each.
      findings.push(...looked.filter(({ subject }) => !findings.some((known) => known.subject === subject)));
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      return [...findings, failedFinding(`Snowflake account ${config.account}`, error)];
    }
  }
  return findings;
}

async function lookFrom(
  session: Session,
  { warehouse, ...from }: Pick<Look, 'config' | 'use' | 'signal'> & { readonly warehouse: string },
): Promise<Finding[]> {
  const [self] = await session.query({
    sql: 'SELECT CURRENT_ROLE() AS role, CURRENT_WAREHOUSE() AS warehouse, CURRENT_DATABASE() AS database_name',
  });
  const look = { ...from, role: String(self!['role']) };
  return [
    checkLogin(look),
    ...(await checkWarehouse(session, warehouse, { ...look, isUsable: self!['warehouse'] !== null })),
    ...(await checkDatabase(session, { ...look, isUsable: self!['database_name'] !== null })),
  ];
}

function checkLogin({ config, role }: { config: SnowflakeConfig; role: string }): Finding {
  const kind = credentialKind(config);
  const subject = `Snowflake account ${config.account}`;
  const text = `user ${config.username} logs in by ${kind}, as role ${role}`;
  if (kind !== 'password') return fine(subject, text);
  const next = 'use a key pair, since Snowflake gives passwords up: `sluice init snowflake` shows how';
  return { subject, status: 'warning', text, next, kind: null };
}
