import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, it } from 'vitest';

import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import {
  areAssociationsEqual,
  compareAssociationsWithTruth,
  type AssociationComparison,
} from '../../../simulators/verification/compare-associations.ts';
import {
  compareWithTruth,
  isEqual,
  type Comparison,
  type ComparisonRequest,
} from '../../../simulators/verification/compare-with-truth.ts';
import { startForTest } from './api-client.ts';

const table = 'loaded.hubspot.contacts';
const columns = `id BIGINT, company VARCHAR, numemployees DECIMAL(38,9), lastmodifieddate TIMESTAMPTZ, _version TIMESTAMPTZ,
  _observed_at TIMESTAMPTZ, _deleted BOOLEAN, _deleted_at TIMESTAMPTZ, _merged_into BIGINT`;
const none = { count: 0, ids: [] };

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** A table as a right destination would have it, then changed by SQL. */
class Loaded {
  readonly simulator: RunningSimulator;
  readonly #folder: string;

  static async of(simulator: RunningSimulator): Promise<Loaded> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-compare-'));
    folders.push(folder);
    const loaded = new Loaded(simulator, folder);
    await writeFile(join(folder, 'truth.ndjson'), Buffer.concat([...simulator.portal.truth('contacts')]));
    await loaded.run(
      'CREATE SCHEMA loaded.hubspot',
      `CREATE TABLE ${table} (${columns})`,
      `INSERT INTO ${table} BY NAME SELECT id, company, numemployees, lastmodifieddate, _version, false AS _deleted
       FROM read_json('${join(folder, 'truth.ndjson')}', format = 'newline_delimited',
         columns = {id: 'BIGINT', company: 'VARCHAR', numemployees: 'VARCHAR', lastmodifieddate: 'VARCHAR', _version: 'VARCHAR'})`,
    );
    return loaded;
  }

  private constructor(simulator: RunningSimulator, folder: string) {
    this.simulator = simulator;
    this.#folder = folder;
  }

  async run(...statements: readonly string[]): Promise<void> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      await connection.run(`ATTACH '${join(this.#folder, 'loaded.duckdb')}' AS loaded`);
      await connection.run("SET TimeZone = 'UTC'");
      for (const statement of statements) await connection.run(statement);
      await connection.run('DETACH loaded');
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  compare(options: Partial<ComparisonRequest> = {}): Promise<Comparison> {
    return compareWithTruth({ ...this.#where, table: 'contacts', object: 'contacts', ...options });
  }

  compareAssociations(): Promise<AssociationComparison> {
    return compareAssociationsWithTruth({ ...this.#where, table: 'links', from: 'contacts', to: 'companies' });
  }

  get #where() {
    const databasePath = join(this.#folder, 'loaded.duckdb');
    return { databasePath, simulatorUrl: this.simulator.url, schema: 'hubspot' };
  }
}

describe('the comparison of rows', () => {
  it('finds a right table equal, and every kind of difference', async () => {
    const loaded = await Loaded.of(await startForTest({ records: { contacts: 40 } }));
    const right = await loaded.compare();
    expect(right).toEqual({
      sourceRecords: 40,
      liveRows: 40,
      comparedValues: 160,
      missing: none,
      extra: none,
      duplicated: none,
      tombstones: none,
      unerased: none,
      differing: [],
    });
    expect(isEqual(right)).toBe(true);

    const [first, second, third] = [...loaded.simulator.portal.data('contacts').store.initialColumns().ids].map(String);
    await loaded.run(
      `DELETE FROM ${table} WHERE id = ${first}`,
      `INSERT INTO ${table} (id, _deleted) VALUES (7, false)`,
      `INSERT INTO ${table} SELECT * FROM ${table} WHERE id = ${second}`,
      `UPDATE ${table} SET company = 'changed' WHERE id = ${third}`,
    );
    const wrong = await loaded.compare();
    expect(wrong).toMatchObject({
      missing: { count: 1, ids: [first] },
      extra: { count: 1, ids: ['7'] },
      duplicated: { count: 1, ids: [second] },
      differing: [{ column: 'company', count: 1, ids: [third] }],
      tombstones: none,
    });
    expect(isEqual(wrong)).toBe(false);
    const partly = await loaded.compare({ ids: [third ?? ''], ignoredColumns: ['company'] });
    expect([isEqual(partly), partly.sourceRecords, partly.comparedValues]).toEqual([true, 1, 3]);
  });
});

describe('the comparison of tombstones', () => {
  async function withLosses() {
    let nowMs = Date.UTC(2026, 5, 1, 12, 0, 0, 7);
    const simulator = await startForTest({ records: { contacts: 40 }, now: () => nowMs });
    const { portal } = simulator;
    const loaded = await Loaded.of(simulator);
    const ids = [...portal.data('contacts').store.initialColumns().ids].map(String);
    const [archived = '', purged = '', erased = '', first = '', second = ''] = ids;
    portal.archive('contacts', { ids: [purged] });
    nowMs += 91 * 86_400_000;
    portal.purge('contacts');
    portal.archive('contacts', { ids: [archived] });
    portal.gdprDelete('contacts', { ids: [erased] });
    const survivor = portal.merge('contacts', first, second, { mergeStyle: 'primary' });
    const [lines] = portal.truth('contacts', { properties: ['company', 'numemployees'] });
    const line = lines
      ?.toString()
      .split('\n')
      .find((text) => text.includes(`"id":"${survivor}"`));
    const { company, numemployees, _version } = JSON.parse(line ?? '') as Record<string, string | null>;
    const text = (value: string | null | undefined): string =>
      value === null || value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
    await loaded.run(
      `UPDATE ${table} SET _deleted = true WHERE id IN (${archived}, ${purged}, ${erased}, ${second})`,
      `UPDATE ${table} SET _deleted_at = '2026-08-31T12:00:00.007Z' WHERE id = ${archived}`,
      `UPDATE ${table} SET _merged_into = ${first} WHERE id = ${second}`,
      `UPDATE ${table} SET company = ${text(company)}, numemployees = ${text(numemployees)},
         lastmodifieddate = ${text(_version)}, _version = ${text(_version)} WHERE id = ${first}`,
    );
    return { loaded, portal, archived, purged, erased, first, second, live: ids[10] ?? '' };
  }

  it('finds right ones equal', async () => {
    const { loaded } = await withLosses();
    const comparison = await loaded.compare();
    expect(comparison).toMatchObject({ sourceRecords: 36, liveRows: 36 });
    expect(isEqual(comparison)).toBe(true);
  });

  it.each([
    [
      'the wrong instant',
      ({ archived }) => `_deleted_at = '2026-08-31T12:00:00.008Z' WHERE id = ${archived}`,
      'archived',
    ],
    ['no instant', ({ archived }) => `_deleted_at = NULL WHERE id = ${archived}`, 'archived'],
    ['the wrong survivor', ({ second, live }) => `_merged_into = ${live} WHERE id = ${second}`, 'second'],
    ['no survivor', ({ second }) => `_merged_into = NULL WHERE id = ${second}`, 'second'],
    [
      'a survivor of what was not merged',
      ({ erased, live }) => `_merged_into = ${live} WHERE id = ${erased}`,
      'erased',
    ],
    ['a record that is live', ({ live }) => `_deleted = true WHERE id = ${live}`, 'live'],
  ] as const satisfies readonly (readonly [
    string,
    (ids: Record<'archived' | 'second' | 'erased' | 'live', string>) => string,
    string,
  ])[])('finds %s', async (_, change, name) => {
    const world = await withLosses();
    await world.loaded.run(`UPDATE ${table} SET ${change(world)}`);
    const comparison = await world.loaded.compare();
    expect(comparison.tombstones).toEqual({ count: 1, ids: [world[name]] });
    expect(isEqual(comparison)).toBe(false);
  });

  it('asks for no survivor where that is gone too, and takes none that never was one', async () => {
    const { loaded, portal, first, second, live } = await withLosses();
    portal.archive('contacts', { ids: [first] });
    await loaded.run(`DELETE FROM ${table} WHERE id = ${first}`);
    for (const [into, isRight] of [
      ['NULL', true],
      [first, true],
      [live, false],
    ] as const) {
      await loaded.run(`UPDATE ${table} SET _merged_into = ${into} WHERE id = ${second}`);
      expect(isEqual(await loaded.compare())).toBe(isRight);
    }
  });

  it('finds what an erasure left', async () => {
    const { loaded, erased, archived } = await withLosses();
    const erasedIds = [erased];
    await loaded.run(
      `UPDATE ${table} SET company = 'left', numemployees = NULL, lastmodifieddate = NULL WHERE id = ${erased}`,
    );
    expect((await loaded.compare({ erasedIds })).unerased).toEqual({ count: 1, ids: [erased] });
    await loaded.run(`UPDATE ${table} SET company = NULL WHERE id = ${erased}`);
    expect(isEqual(await loaded.compare({ erasedIds }))).toBe(true);
    expect((await loaded.compare({ erasedIds: [erased, archived] })).unerased.ids).toEqual([archived]);
  });
});

describe('the comparison of associations', () => {
  it('finds a right table equal, and every kind of difference', async () => {
    const simulator = await startForTest({
      records: { contacts: 50, companies: 20 },
      initialAssociations: { 'contacts>companies': 3 },
    });
    const loaded = await Loaded.of(simulator);
    const truth = Buffer.concat([...simulator.portal.truthOfAssociations('contacts', 'companies')]).toString();
    const links = truth
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string | null>);
    const values = links.map(
      ({ from, to, category, type_id, label }) =>
        `(${from}, ${to}, '${category}', '${type_id}', ${label === null ? 'NULL' : `'${label}'`}, false)`,
    );
    await loaded.run(
      `CREATE TABLE loaded.hubspot.links (from_id BIGINT, to_id BIGINT, category VARCHAR, type_id VARCHAR, label VARCHAR,
         _deleted BOOLEAN)`,
      `INSERT INTO loaded.hubspot.links VALUES ${values.join(', ')}`,
      "INSERT INTO loaded.hubspot.links VALUES (1, 2, 'HUBSPOT_DEFINED', '279', NULL, true)",
    );
    const right = await loaded.compareAssociations();
    expect(right).toMatchObject({ sourceLinks: links.length, liveLinks: links.length });
    expect(areAssociationsEqual(right)).toBe(true);

    const [one, ...rest] = links.filter(({ label }) => label === 'Primary');
    const other = rest.at(-1);
    await loaded.run(
      `UPDATE loaded.hubspot.links SET _deleted = true WHERE from_id = ${one?.['from']} AND to_id = ${one?.['to']} AND type_id = '1'`,
      `UPDATE loaded.hubspot.links SET label = 'Else' WHERE from_id = ${other?.['from']} AND label = 'Primary'`,
      'UPDATE loaded.hubspot.links SET _deleted = false WHERE from_id = 1',
      'INSERT INTO loaded.hubspot.links SELECT * FROM loaded.hubspot.links WHERE from_id = 1',
    );
    const wrong = await loaded.compareAssociations();
    expect(wrong).toMatchObject({ missing: { count: 2 }, extra: { count: 3 }, duplicated: { count: 1 } });
    expect(wrong.extra.ids).toContain('1 2 HUBSPOT_DEFINED 279');
    expect(areAssociationsEqual(wrong)).toBe(false);
  });
});
