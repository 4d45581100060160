import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { canonicalText, type TableColumn } from '../../simulators/verification/duckdb-text.ts';
import type { Portal } from '../../simulators/hubspot/portal.ts';
import type { HistoryEntry } from '../../simulators/hubspot/truth.ts';
import { AccountLife } from '../support/account-life.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { readWarehouse, type WarehouseQuery, type WarehouseRow } from '../support/warehouse.ts';

const seed = 601;

/** An answer may be that old when it arrives: latency and a busy machine. */
const longestRequestMs = 5_000;

async function propertyColumns(query: WarehouseQuery): Promise<TableColumn[]> {
  const columns = await query(
    "SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE schema_name = 'hubspot' AND table_name = 'contacts'",
  );
  return (columns as unknown as TableColumn[]).filter(({ name }) => name !== 'id' && !name.startsWith('_'));
}

/** Live rows and tombstones. */
async function canonicalRows(
  world: ChaosWorld,
): Promise<{ columns: string[]; rows: WarehouseRow[]; tombstones: WarehouseRow[] }> {
  return readWarehouse(world.sandbox.databasePath, async (query) => {
    const columns = await propertyColumns(query);
    const texts = [
      { name: '_version', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: '_observed_at', type: 'TIMESTAMP WITH TIME ZONE' },
      ...columns,
    ].map((column) => `hex(encode(${canonicalText(column)})) AS "${column.name}"`);
    const rows = await query(
      `SELECT hex(encode(id::VARCHAR)) AS id, ${texts.join(', ')} FROM hubspot.contacts WHERE NOT _deleted`,
    );
    const tombstones = await query('SELECT id::VARCHAR AS id, _merged_into FROM hubspot.contacts WHERE _deleted');
    return { columns: columns.map(({ name }) => name), rows: rows.map(fromHex), tombstones };
  });
}

/** The driver's own decoder would drop a byte order mark. */
function fromHex(row: WarehouseRow): WarehouseRow {
  const text = (value: unknown) => (value === null ? null : Buffer.from(String(value), 'hex').toString('utf8'));
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)]));
}

/** Whether the row is what the source gave for its record at some moment between asking and having the answer. */
function isAsObserved(row: WarehouseRow, columns: readonly string[], history: readonly HistoryEntry[]): boolean {
  const askedMs = Date.parse(String(row['_observed_at']));
  return history.some((state, n) => {
    const next = history[n + 1];
    const wasCurrent =
      Date.parse(state.at) <= askedMs + longestRequestMs && (next === undefined || Date.parse(next.at) >= askedMs);
    return (
      wasCurrent &&
      state.status === 'live' &&
      state.version === row['_version'] &&
      columns.every((column) => (state.values[column] ?? null) === row[column])
    );
  });
}

/** What a record was merged into, and what that was merged into in its turn. */
function survivorsOf(portal: Portal, id: string): string[] {
  const into = portal.history('contacts', id)?.at(-1)?.mergedInto ?? null;
  return into === null ? [] : [into, ...survivorsOf(portal, into)];
}

/** Every row's id, when it was last written, and by which batch. */
async function stamps(world: ChaosWorld): Promise<WarehouseRow[]> {
  return readWarehouse(world.sandbox.databasePath, (query) =>
    query(
      'SELECT id, _synced_at::VARCHAR AS synced, _batch_id, _observed_at::VARCHAR AS seen, _deleted FROM hubspot.contacts ORDER BY id',
    ),
  );
}

describe('a source that changes while it is read', () => {
  it(
    `rows are as observed, a second backfill equals the source, a third touches nothing, seed ${seed}`,
    {
      timeout: 120_000,
    },
    async () => {
      await using world = await ChaosWorld.open({
        contacts: 12_000,
        seed,
        chunkRecords: 1_000,
        simulator: { latencyMs: 250, jitterMs: 100 },
      });
      const { portal } = world.simulator;
      const life = new AccountLife(portal, seed);
      const first = world.startWorker();
      await first.ready;
      life.begin();
      const run = await world.start();
      await world.untilMerged(4);
      await sleep(150);
      await first.stop('SIGKILL');
      const second = world.startWorker();
      await run.result();
      life.end();
      expect(life.steps).toBeGreaterThan(60);
      await second.stop();

      const { columns, rows, tombstones } = await canonicalRows(world);
      const journals = new Set([...portal.data('contacts').store.journals()].map(({ id }) => String(id)));
      const changed = rows.filter(({ id }) => journals.has(String(id)));
      expect(changed.length).toBeGreaterThan(300);
      const wrong = rows.filter((row) => !isAsObserved(row, columns, portal.history('contacts', String(row['id']))!));
      expect(wrong.map(({ id }) => id)).toEqual([]);
      // A survivor tells of those that were merged into it; nothing tells a backfill of anything else that is gone.
      expect(tombstones.length).toBeGreaterThan(10);
      for (const { id, _merged_into: into } of tombstones) {
        expect(survivorsOf(portal, String(id))).toContain(into);
      }

      world.simulator.configure({ latencyMs: 0, jitterMs: 0 });
      const third = world.startWorker();
      const again = await (await world.start()).result();
      expect(again.startReason).toBe('the last backfill was complete');
      expect(again.totals.updated).toBeGreaterThan(0);
      await third.stop();
      const comparison = await world.compare();
      expect(comparison).toMatchObject({ missing: { count: 0 }, duplicated: { count: 0 }, differing: [] });
      expect(comparison.sourceRecords).toBe(portal.count('contacts').live);
      const before = await stamps(world);
      const statusOf = (id: unknown): string | undefined => portal.data('contacts').store.find(Number(id))?.status;
      // Of what is gone a backfill sees the losers of merges only.
      const gone = before.filter(({ id, _deleted: deleted }) => deleted === false && statusOf(id) !== 'live');
      expect(comparison.extra.count).toBe(gone.length);
      expect(new Set(gone.map(({ id }) => statusOf(id)))).toEqual(new Set(['archived']));

      const fourth = world.startWorker();
      const idle = await (await world.start()).result();
      await fourth.stop();
      const known = portal.count('contacts').live + idle.totals.tombstones;
      expect(idle.totals).toMatchObject({ read: known, inserted: 0, updated: 0, unchanged: known, superseded: 0 });
      expect(await stamps(world)).toEqual(before);
    },
  );
});
