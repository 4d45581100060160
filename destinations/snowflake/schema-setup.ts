import { firstGeneration } from '../../model/fenced.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { hasSchema, listTables } from './catalogue.ts';
import { buildCreateFence, fenceTable } from './fence.ts';
import { quoteIdentifier, storedName } from './identifiers.ts';
import type { Session, Statement } from './session.ts';
import { buildSystemTable, buildSystemViews, systemTable, systemTables } from './system-tables.ts';

/** Makes sure that what a stream's runs write to is there. */
export interface SchemaSetup {
  /** DDL. Known to have been done by this process, it asks nothing. */
  prepare(session: Session, target: StreamTable): Promise<void>;
  /** After a failure: somebody may have dropped something. */
  forget(target: StreamTable): void;
}

export function createSchemaSetup(): SchemaSetup {
  const views = new Set<string>();
  const fences = new Set<string>();
  const keyOf = ({ stream, table }: StreamTable) => JSON.stringify([table.schema, stream]);
  return {
    async prepare(session, target) {
      const { schema } = target.table;
      if (fences.has(keyOf(target))) return;
      // Created only where it is missing: for one that exists, IF NOT EXISTS asks for a privilege that a loader need not have.
      if (!(await hasSchema(session, schema))) {
        await session.execute({ sql: `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}` });
      }
      const present = await listTables(session, schema, { startingWith: 'sync_' });
      for (const table of systemTables) {
        if (present.has(storedName(table))) continue;
        await session.execute({ sql: buildSystemTable(schema, table) });
      }
      if (!views.has(schema)) {
        for (const sql of buildSystemViews(schema)) await session.execute({ sql });
        views.add(schema);
      }
      if (!present.has(storedName(fenceTable(target).table))) {
        // First, since whoever finds the fence takes all else for done.
        await session.execute(buildRecordGeneration(target, firstGeneration, 'TRUE'));
        await session.execute(buildCreateFence(target));
      }
      fences.add(keyOf(target));
    },
    forget(target) {
      fences.delete(keyOf(target));
      views.delete(target.table.schema);
    },
  };
}

/** Told twice, a generation is the same. */
export function buildRecordGeneration(
  { stream, table }: StreamTable,
  generation: number,
  condition: string,
): Statement {
  return {
    sql:
      `INSERT INTO ${systemTable(table.schema, 'sync_generations')} (stream, generation, began_at) ` +
      `SELECT ?, ?, CURRENT_TIMESTAMP() WHERE ${condition}`,
    binds: [stream, generation],
  };
}
