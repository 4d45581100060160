import type { Finding } from '../../model/finding.ts';
import { fine, type Look, wrong } from './check-look.ts';
import { warehouseFor } from './connection.ts';
import { costFinding } from './cost-finding.ts';
import { quoteText, writtenPath } from './identifiers.ts';
import type { Session, SqlRow } from './session.ts';
import type { Warehouse } from './warehouse-cost.ts';

/** Whether it is there, may be used, and starts by itself; and what it may cost. */
export async function checkWarehouse(
  session: Session,
  warehouse: string,
  { config, use, role, isUsable }: Look,
): Promise<Finding[]> {
  const subject = `warehouse ${warehouse}`;
  const found = await readWarehouse(session, warehouse);
  if (found === null || !isUsable) {
    const grant = `GRANT USAGE ON WAREHOUSE ${writtenPath([warehouse])} TO ROLE ${writtenPath([role])}`;
    return found === null
      ? [wrong(subject, `it does not exist, or role ${role} may not see it`, `${grant}, or correct warehouse`)]
      : [wrong(subject, `role ${role} may see it, but not use it`, grant)];
  }
  if (found.isSuspended && !found.resumesItself) {
    const resume = `ALTER WAREHOUSE ${writtenPath([warehouse])} SET AUTO_RESUME = TRUE`;
    return [wrong(subject, 'it is suspended, and does not resume by itself', resume)];
  }
  const state = found.isSuspended ? 'suspended, and resumes by itself' : 'running';
  const cost = warehouse === warehouseFor(config, 'incremental') ? costFinding(found, use.incrementalGapsMs) : null;
  return [fine(subject, `${found.size}, ${state}`), ...(cost === null ? [] : [cost])];
}

/** Null for one that this role does not see. Its name may hold wildcards of LIKE, so more may be found. */
async function readWarehouse(session: Session, name: string): Promise<Warehouse | null> {
  const rows = await session.query({ sql: `SHOW WAREHOUSES LIKE ${quoteText(name)}` });
  const row = rows.find((one) => one['name'] === name);
  return row === undefined ? null : warehouseOf(row);
}

function warehouseOf(row: SqlRow): Warehouse {
  // 0 and no value both mean never.
  const autoSuspendSeconds = Number(row['auto_suspend'] ?? 0);
  return {
    name: String(row['name']),
    size: String(row['size']),
    isSuspended: row['state'] === 'SUSPENDED',
    resumesItself: String(row['auto_resume']) === 'true',
    autoSuspendSeconds: autoSuspendSeconds > 0 ? autoSuspendSeconds : null,
  };
}
