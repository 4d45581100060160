import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillResult, IncrementalResult, ReconcileResult, SyncResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame, noDifference } from '../support/expect-same.ts';
import type { WarehouseRow } from '../support/warehouse.ts';

const hashKey = 'a key for the tests of hashing';

let world: ChaosWorld;

beforeAll(async () => {
  world = await ChaosWorld.open({
    contacts: 10_600,
    seed: 2_801,
    chunkRecords: 4_000,
    stream: { columns: ['createdate', 'email', 'firstname', 'lastname', 'jobtitle', 'lastmodifieddate'] },
    records: { cars: 800, companies: 600, deals: 600 },
    streams: {
      vehicles: { object: 'cars' },
      companies: { hash: ['domain', 'name', 'annualrevenue'], chunkRecords: 100 },
      deals: { associations: [] },
      owners: {},
      deal_pipelines: {},
      deal_pipeline_stages: {},
    },
  });
  await world.startWorker({ environment: { SLUICE_HASH_KEY: hashKey } }).ready;
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const backfill = (stream: string, input: object = {}) => world.run<BackfillResult>('backfill', { stream, ...input });
const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });
const softDelete = (stream: string) => world.run<ReconcileResult>('softDelete', { stream });
const reconcile = (stream: string) => world.run<ReconcileResult>('reconcile', { stream });

describe('a custom object', () => {
  it('is kept in step like any other', async () => {
    const { portal } = world.simulator;
    const stream = 'crm.vehicles';
    const same = () => expectSame(world, 'vehicles', { object: 'cars' });
    await backfill(stream);
    await same();
    portal.create('cars', { count: 30, place: 'gaps', seed: 1 });
    portal.change('cars', { count: 30, seed: 2 });
    const [primary, secondary] = portal.change('cars', { count: 2, seed: 3 }) as [string, string];
    portal.merge('cars', primary, secondary);
    await incremental(stream);
    await same();
    portal.archive('cars', { count: 10, seed: 4 });
    await softDelete(stream);
    await same();
    portal.gdprDelete('cars', { count: 5, seed: 5 });
    portal.recalculate('cars', { count: 5, seed: 6, values: { margin: '12.5' } });
    const result = await reconcile(stream);
    expect(result.vanished?.differences).toMatchObject({ vanished: 5, recalculated: 5, missing: 0, stale: 0 });
    await same();
  });
});

describe('small objects that are always read whole', () => {
  const ownersInTable = () =>
    world.query(
      'SELECT id::VARCHAR AS id, email, firstname, lastname, _deleted FROM hubspot.owners ORDER BY hubspot.owners.id',
    );
  const ownersAtSource = () =>
    world.simulator.portal.owners
      .all()
      .toSorted((a, b) => Number(a.id) - Number(b.id))
      .map(({ id, email, firstName, lastName, archived }) => ({
        id,
        email,
        firstname: firstName,
        lastname: lastName,
        _deleted: archived,
      }));
  /** Of an owner who had left before we came nothing is known but that. */
  const known = (rows: readonly WarehouseRow[]) => rows.filter(({ email }) => email !== null);

  it('owners', async () => {
    const { owners } = world.simulator.portal;
    await backfill('crm.owners');
    const live = owners.all().filter(({ archived }) => !archived);
    expect((await ownersInTable()).filter(({ _deleted }) => _deleted === false)).toHaveLength(live.length);
    expect((await incremental('crm.owners')).totals).toMatchObject({ inserted: 0, updated: 0 });

    owners.put({ id: live[0]!.id, lastName: 'of another name' });
    owners.put({ id: '999999999', firstName: 'new' });
    owners.put({ id: live[1]!.id, archived: true });
    const result = await incremental('crm.owners');
    expect(result.totals).toMatchObject({ inserted: 1, updated: 1 });
    await softDelete('crm.owners');
    const gone = new Set((await ownersInTable()).filter(({ email }) => email === null).map(({ id }) => id));
    expect(known(await ownersInTable())).toEqual(ownersAtSource().filter(({ id }) => !gone.has(id)));
    const last = await reconcile('crm.owners');
    expect(last.vanished?.differences).toMatchObject({ missing: 0, stale: 0, vanished: 0 });
    expect(known(await ownersInTable())).toEqual(ownersAtSource().filter(({ id }) => !gone.has(id)));
  });

  it('pipelines and stages', async () => {
    const { portal } = world.simulator;
    const pipelines = portal.pipelines('deals');
    const inTable = async (table: string) =>
      (await world.query(`SELECT id, label FROM hubspot.${table} WHERE NOT _deleted ORDER BY id`)).map(
        ({ id, label }) => `${String(id)} ${String(label)}`,
      );
    const atSource = () => ({
      pipelines: pipelines.all().map(({ id, label }) => `${id} ${label}`),
      stages: pipelines.all().flatMap(({ stages }) => stages.map(({ id, label }) => `${id} ${label}`)),
    });
    const expectEqual = async () => {
      expect(await inTable('deal_pipelines')).toEqual(atSource().pipelines.toSorted());
      expect(await inTable('deal_pipeline_stages')).toEqual(atSource().stages.toSorted());
    };
    const streams = ['crm.deal_pipelines', 'crm.deal_pipeline_stages'];
    await Promise.all(streams.map((stream) => backfill(stream)));
    await expectEqual();
    const [sales] = pipelines.all();
    const [first, ...others] = sales!.stages;
    pipelines.put({ id: 'partners', label: 'Partners', stages: [{ ...first!, id: '88001', label: 'Met' }] });
    pipelines.put({ id: sales!.id, label: 'Sales', stages: others });
    await Promise.all(streams.map((stream) => incremental(stream)));
    expect(await inTable('deal_pipelines')).toEqual(atSource().pipelines.toSorted());
    expect(await inTable('deal_pipeline_stages')).toEqual(
      [...atSource().stages, `${first!.id} ${first!.label}`].toSorted(),
    );
    await Promise.all(streams.map((stream) => reconcile(stream)));
    await expectEqual();
  });
});

describe('a backfill of what was created in a range', () => {
  it('goes past 10,000 records, and earns no position', async () => {
    const { portal } = world.simulator;
    const createdBefore = new Date(Date.now() - 60_000).toISOString();
    const later = portal.create('contacts', { count: 20, seed: 1 });
    const result = await backfill('crm.contacts', { createdAfter: '2000-01-01T00:00:00Z', createdBefore });
    expect(result).toMatchObject({ scope: 'range', watermark: null, totals: { read: 10_600, inserted: 10_600 } });
    expect(await world.compare()).toMatchObject({ ...noDifference, missing: { count: later.length } });
    expect((await incremental('crm.contacts')).outcome).toBe('needsBackfill');
    const recent = await backfill('crm.contacts', { createdAfter: createdBefore });
    expect(recent.totals).toMatchObject({ read: 20, inserted: 20 });
    await expectSame(world);
    expect(Object.keys(world.simulator.stats.snapshot()['search contacts']!.statuses)).toEqual(['200']);
  });
});

describe('resync', () => {
  it('brings named records up to date: live, in the bin, gone, and never there', async () => {
    const { portal } = world.simulator;
    await backfill('crm.deals');
    const stale = portal.recalculate('deals', { count: 5, seed: 1, values: { hs_forecast_amount: '77' } });
    const archived = portal.archive('deals', { count: 3, seed: 2 });
    const gone = portal.gdprDelete('deals', { count: 3, seed: 3 });
    const restored = portal.restore('deals', { ids: archived.slice(2) });
    const ids = [...stale, ...archived, ...gone, '4040404'];
    const result = await world.run<SyncResult>('resync', { stream: 'crm.deals', ids });
    const lost = new Set([...archived.slice(0, 2), ...gone]);
    expect(result.totals.deleted).toBe(lost.size);
    expect(restored).toHaveLength(1);
    await expectSame(world, 'deals');
    const [unknown] = await world.query('SELECT count(*)::INTEGER AS rows FROM hubspot.deals WHERE id = 4040404');
    expect(unknown!['rows']).toBe(0);
    // Whoever comes back is alive again.
    portal.restore('deals', { ids: [archived[0]!] });
    const again = await world.run<SyncResult>('resync', { stream: 'crm.deals', ids: [archived[0]!] });
    expect(again.totals.restored).toBe(1);
    await expectSame(world, 'deals');
  });
});

describe('hashed columns', () => {
  it('hold no value, neither in the file nor in a stage', async () => {
    const { portal } = world.simulator;
    const marker = 'zzhashmarkerzz';
    const [id] = portal.change('companies', {
      count: 1,
      values: { domain: `${marker}.example`, name: marker, annualrevenue: marker, city: 'zzplainzz' },
    }) as [string];
    world.simulator.configure({ latencyMs: 300 });
    const staged = new Map<string, string>();
    const run = await world.begin('backfill', { stream: 'crm.companies' });
    let isRunning = true;
    const watching = (async () => {
      while (isRunning) {
        for (const [path, content] of await stagedFiles(join(world.folder, '.sluice', 'stage')))
          staged.set(path, content);
        await sleep(10);
      }
    })();
    const result = (await run.result()) as BackfillResult;
    isRunning = false;
    await watching;
    world.simulator.configure({ latencyMs: 0 });
    expect(result.totals).toMatchObject({ inserted: 600, nulledValues: 0 });
    const contents = [...staged.values()].join('\n');
    expect(contents.length).toBeGreaterThan(10_000);
    expect(contents).not.toContain(marker);

    const hash = (text: string) => createHmac('sha256', hashKey).update(text).digest('hex');
    const [row] = await world.query(`SELECT domain, name, annualrevenue, city FROM hubspot.companies WHERE id = ${id}`);
    expect(row).toEqual({
      domain: hash(`${marker}.example`),
      name: hash(marker),
      annualrevenue: hash(marker),
      city: 'zzplainzz',
    });
    await eventually('the worker lets go of the file', async () => {
      const { size } = await readFile(`${world.sandbox.databasePath}.wal`).then(
        ({ length: size }) => ({ size }),
        () => ({ size: 0 }),
      );
      return size === 0;
    });
    expect((await readFile(world.sandbox.databasePath)).includes(marker)).toBe(false);

    portal.change('companies', { ids: [id], values: { name: 'another' } });
    await incremental('crm.companies');
    const [changed] = await world.query(`SELECT name FROM hubspot.companies WHERE id = ${id}`);
    expect(changed!['name']).toBe(hash('another'));
    expect((await reconcile('crm.companies')).vanished?.differences).toMatchObject({ stale: 0, recalculated: 0 });
    await expectSame(world, 'companies', { ignoredColumns: ['domain', 'name', 'annualrevenue'] });
  });
});

/** Files below a folder as far as they are there long enough to be read. */
async function stagedFiles(folder: string): Promise<[path: string, content: string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const contents = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => null)));
  return paths.flatMap((path, n): [string, string][] => (contents[n] === null ? [] : [[path, contents[n]!]]));
}
