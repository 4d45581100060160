import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillResult, IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectSame, expectSameAssociations, noDifference } from '../support/expect-same.ts';
import { readWarehouse } from '../support/warehouse.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await ChaosWorld.open({
    contacts: 300,
    seed: 2_001,
    chunkRecords: 1_000,
    stream: { onVanished: 'erase' },
    records: { companies: 200, deals: 200, tickets: 200 },
    streams: { companies: {}, deals: { associations: ['contacts'] }, tickets: { associations: [] } },
    simulator: { initialAssociations: { 'contacts>companies': 3, 'deals>contacts': 3 } },
  });
  await world.startWorker().ready;
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const backfill = (stream: string) => world.run<BackfillResult>('backfill', { stream });
const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });
const softDelete = (stream: string) => world.run<ReconcileResult>('softDelete', { stream });
const reconcile = (stream: string) => world.run<ReconcileResult>('reconcile', { stream });

const none = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };

describe('records that are gone', () => {
  it('case 5: archived, then restored with and without a new version', async () => {
    const { portal } = world.simulator;
    await backfill('crm.deals');
    const archived = portal.archive('deals', { count: 20, seed: 1 });
    expect((await incremental('crm.deals')).outcome).toBe('idle');
    expect(await world.compare('deals')).toMatchObject({ ...noDifference, extra: { count: 20 } });

    const flagged = await softDelete('crm.deals');
    expect(flagged.totals).toMatchObject({ deleted: 20, restored: 0 });
    await expectSame(world, 'deals');

    portal.restore('deals', { ids: archived.slice(0, 6) });
    portal.restore('deals', { ids: archived.slice(6, 11), raisesVersion: true });
    const unflagged = await softDelete('crm.deals');
    expect(unflagged.totals).toMatchObject({ deleted: 0, restored: 11 });
    await expectSame(world, 'deals');
    expect((await reconcile('crm.deals')).vanished?.differences).toEqual(none);
  });

  it.each([
    { object: 'companies', inBatchRead: 'absent' },
    { object: 'tickets', inBatchRead: 'renamed' },
  ] as const)('case 6: merged by both styles, old ids $inBatchRead in batch read', async ({ object, inBatchRead }) => {
    const { portal } = world.simulator;
    const lagMs = 1_500;
    world.simulator.configure({ mergedIdInBatchRead: inBatchRead, search: { lagMs } });
    const stream = `crm.${object}`;
    await backfill(stream);
    // The index has the losers as they were before they were merged, so that their old ids are asked for.
    const ids = portal.change(object, { count: 20, seed: 2 });
    await sleep(lagMs);
    const merge = (primary: string, secondary: string, mergeStyle: 'newId' | 'primary'): string =>
      portal.merge(object, primary, secondary, { mergeStyle });
    for (let pair = 0; pair < 8; pair++) {
      merge(ids[2 * pair]!, ids[2 * pair + 1]!, pair % 2 === 0 ? 'newId' : 'primary');
    }
    // A survivor that is merged away in its turn.
    merge(merge(ids[16]!, ids[17]!, 'newId'), ids[18]!, 'newId');
    merge(ids[19]!, merge(ids[2]!, ids[6]!, 'primary'), 'primary');
    await incremental(stream);
    await sleep(lagMs + 1_000);
    await incremental(stream);
    world.simulator.configure({ search: { lagMs: 0 } });
    await expectSame(world, object);
    const [tombstones] = await world.query(
      `SELECT count(*)::INTEGER AS merged FROM hubspot.${object} WHERE _deleted AND _merged_into IS NOT NULL`,
    );
    expect(tombstones!['merged']).toBe(portal.count(object).merged);

    // A bin that holds the merged ids names the survivors of before.
    world.simulator.configure({ mergedIdInArchivedList: 'listed' });
    await softDelete(stream);
    world.simulator.configure({ mergedIdInArchivedList: 'absent' });
    await expectSame(world, object);
  });

  it('case 7: erased under GDPR, flagged by reconcile', async () => {
    const { portal } = world.simulator;
    portal.gdprDelete('deals', { count: 7, seed: 3 });
    await incremental('crm.deals');
    expect(await world.compare('deals')).toMatchObject({ ...noDifference, extra: { count: 7 } });
    const result = await reconcile('crm.deals');
    expect(result.vanished).toMatchObject({ differences: { ...none, vanished: 7 }, approval: 'notNeeded' });
    expect(result.totals).toMatchObject({ deleted: 7, erased: 0 });
    await expectSame(world, 'deals');
  });

  it('case 7: erased under GDPR, and with onVanished erase nothing is left but the id', async () => {
    const { portal } = world.simulator;
    const marker = 'zzgdprmarkerzz';
    const [id] = portal.change('contacts', {
      count: 1,
      seed: 4,
      values: { firstname: marker, company: `${marker} & sons`, customer_number: marker },
    }) as [string];
    const [deal] = portal.change('deals', { count: 1, seed: 4 }) as [string];
    const [company] = portal.change('companies', { count: 1, seed: 4 }) as [string];
    portal.associations.associate('contacts', 'companies', [{ from: id, to: company, label: marker }]);
    portal.associations.associate('deals', 'contacts', [{ from: deal, to: id }]);
    const filled = await backfill('crm.contacts');
    expect(filled.totals.nulledValues).toBe(1);
    await backfill('crm.deals');
    expect(await placesOf(world.sandbox.databasePath, marker)).toEqual([
      'assoc_contacts_companies',
      'contacts',
      'sync_errors',
    ]);

    portal.gdprDelete('contacts', { ids: [id] });
    await incremental('crm.contacts');
    expect(await world.compare('contacts')).toMatchObject({ ...noDifference, extra: { count: 1, ids: [id] } });
    const result = await reconcile('crm.contacts');
    expect(result.totals).toMatchObject({ deleted: 1, erased: 1 });
    await expectSame(world, 'contacts', { erasedIds: [id] });
    await expectSameAssociations(world, 'contacts', 'companies');
    expect(await placesOf(world.sandbox.databasePath, marker)).toEqual([]);
    const [links] = await world.query(
      `SELECT (SELECT count(*)::INTEGER FROM hubspot.assoc_contacts_companies WHERE from_id = ${id})
            + (SELECT count(*)::INTEGER FROM hubspot.assoc_deals_contacts WHERE to_id = ${id}) AS left`,
    );
    expect(links!['left']).toBe(0);

    // What the worker publishes as it ends, and every other file of the folder.
    await world.sandbox.stop();
    expect(await placesOf(`${world.sandbox.databasePath}.read.duckdb`, marker)).toEqual([]);
    expect(await filesWith(world.folder, marker)).toEqual([]);
  });
});

/** Tables that hold the text in any column. */
async function placesOf(path: string, text: string): Promise<string[]> {
  return readWarehouse(path, async (query) => {
    const tables = await query(
      "SELECT table_name AS name FROM duckdb_tables() WHERE schema_name = 'hubspot' ORDER BY 1",
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const [count] = await query(
        `SELECT count(*)::INTEGER AS rows FROM hubspot."${String(name)}" t WHERE t::VARCHAR LIKE '%${text}%'`,
      );
      if (Number(count!['rows']) > 0) found.push(String(name));
    }
    return found;
  });
}

/** Files below a folder that hold the text, apart from databases, whose pages may outlive their rows. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.includes('.duckdb'))
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(paths.length).toBeGreaterThan(1);
  const contents = await Promise.all(paths.map(async (path) => ({ path, content: await readFile(path) })));
  return contents.filter(({ content }) => content.includes(text)).map(({ path }) => path);
}
