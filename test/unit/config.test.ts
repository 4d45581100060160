import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadConfigRequest, type LoadedConfig } from '../../config/load-config.ts';
import { resolveStream } from '../../config/resolve-stream.ts';
import { SyncError } from '../../model/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const valid = `version: 1
sources:
  crm: { kind: hubspot, accessToken: \${HUBSPOT_ACCESS_TOKEN} }
destinations:
  local: { kind: duckdb, path: ./data/warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    schema: hubspot
    streams:
      contacts: {}
`;

function load(yaml: string, request: Partial<LoadConfigRequest> = {}): LoadedConfig {
  writeFileSync(join(folder, 'sluice.yaml'), yaml);
  return loadConfig({ directory: folder, env: {}, ...request });
}

function errorOf(act: () => unknown): SyncError {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(SyncError);
  expect((thrown as SyncError).kind).toBe('ConfigInvalid');
  return thrown as SyncError;
}

/** The valid config with one line of it replaced. */
function withLine(line: string, ...replacement: string[]): string {
  expect(valid).toContain(`${line}\n`);
  return valid.replace(`${line}\n`, () => replacement.map((text) => `${text}\n`).join(''));
}

describe('a valid config', () => {
  it('gives streams with every default', () => {
    expect(resolveStream(load(valid), 'crm.contacts')).toEqual({
      stream: 'crm.contacts',
      pipeline: 'crm',
      source: 'crm',
      destination: 'local',
      object: 'contacts',
      table: { schema: 'hubspot', table: 'contacts' },
      columns: null,
      chunkRecords: 25_000,
      batchesPerMerge: 1,
      hold: null,
      contract: 'evolve',
      onVanished: 'flag',
      hashedProperties: [],
      jsonProperties: [],
      associations: [],
      incomingAssociations: [],
      incremental: {
        enabled: true,
        windows: { overlapMs: 300_000, horizonMs: 3_600_000, settledEveryMs: 900_000 },
        neverBackfilled: 'wait',
      },
      reconcile: {
        refreshCalculated: true,
        earliestMs: 3_600_000,
        latestMs: 259_200_000,
        approvalWaitMs: 72_000_000,
      },
      schedules: {
        incrementalMs: 120_000,
        softDeleteMs: 21_600_000,
        reconcileMs: 86_400_000,
        calendars: {},
        timezone: 'UTC',
        jitterMs: 0,
      },
      freshnessMs: 600_000,
      rejectLimit: 1_000,
    });
  });

  it('gives streams with every option', () => {
    const yaml = withLine(
      '      contacts: {}',
      '      people:',
      '        object: contacts',
      '        table: people.Everyone',
      '        columns: [email, firstname]',
      '        chunkRecords: 50000',
      '        limits: { rejects: 0 }',
      '        contract: freeze',
      '        onVanished: erase',
      '        hash: [email]',
      '        associations: [companies, 2-4711]',
      '        incremental: { enabled: no, overlap: 2h, horizon: 30m, settledEvery: 10m, neverBackfilled: fullSync }',
      '        reconcile: { refreshCalculated: false, earliest: 2h, latest: 7d, approvalWait: 11h }',
      '        schedules: { incremental: 90s, softDelete: off, reconcile: 12h }',
    );
    expect(resolveStream(load(yaml), 'crm.people')).toMatchObject({
      object: 'contacts',
      table: { schema: 'people', table: 'Everyone' },
      columns: ['email', 'firstname'],
      chunkRecords: 50_000,
      rejectLimit: 0,
      contract: 'freeze',
      onVanished: 'erase',
      hashedProperties: ['email'],
      associations: [
        { to: 'companies', table: { schema: 'people', table: 'assoc_contacts_companies' } },
        { to: '2-4711', table: { schema: 'people', table: 'assoc_contacts_2-4711' } },
      ],
      incremental: {
        enabled: false,
        windows: { overlapMs: 7_200_000, horizonMs: 1_800_000, settledEveryMs: 600_000 },
        neverBackfilled: 'fullSync',
      },
      reconcile: {
        refreshCalculated: false,
        earliestMs: 7_200_000,
        latestMs: 604_800_000,
        approvalWaitMs: 39_600_000,
      },
      schedules: { incrementalMs: 90_000, softDeleteMs: null, reconcileMs: 43_200_000 },
    });
  });

  it('takes the pipeline for the schema, and an empty stream for one with defaults', () => {
    const yaml = withLine('    schema: hubspot').replace('contacts: {}', 'contacts:');
    expect(resolveStream(load(yaml), 'crm.contacts').table).toEqual({ schema: 'crm', table: 'contacts' });
  });

  it('counts relative paths from its own folder', () => {
    const config = load(valid, { directory: tmpdir(), path: join(folder, 'sluice.yaml') });
    expect(config.destination('local')).toMatchObject({ kind: 'duckdb', path: join(folder, 'data/warehouse.duckdb') });
    expect(config.dataDir).toBe(join(folder, '.sluice'));
    expect(config.stageDir).toBe(join(folder, '.sluice', 'stage'));
    const withBudget = load(`${valid}budgetDir: ./budgets\n`, {
      directory: tmpdir(),
      path: join(folder, 'sluice.yaml'),
    });
    expect(withBudget.budgetDir).toBe(join(folder, 'budgets'));
    expect(config.temporal).toEqual({ taskQueue: 'sluice' });
  });

  it.each([
    [{ XDG_STATE_HOME: '/var/state', HOME: '/home/anna' }, '/var/state/sluice/budgets'],
    [{ XDG_STATE_HOME: 'not/absolute', HOME: '/home/anna' }, '/home/anna/.local/state/sluice/budgets'],
    [{ HOME: '/home/anna' }, '/home/anna/.local/state/sluice/budgets'],
  ])('shares request budgets of all configs in one folder of the user (%o)', (env, budgetDir) => {
    expect(load(valid, { env }).budgetDir).toBe(budgetDir);
  });

  it('lists what it names', () => {
    const { sourceNames, destinationNames, streamNames } = load(valid);
    expect({ sourceNames, destinationNames, streamNames }).toEqual({
      sourceNames: ['crm'],
      destinationNames: ['local'],
      streamNames: ['crm.contacts'],
    });
  });

  it('is the example in the repository', () => {
    const config = loadConfig({
      path: new URL('../../sluice.example.yaml', import.meta.url).pathname,
      env: { HUBSPOT_ACCESS_TOKEN: 'pat' },
    });
    expect(config.streamNames.map((name) => resolveStream(config, name).table.table)).toEqual([
      'contacts',
      'companies',
      'opportunities',
    ]);
    expect(config.source('crm')).toEqual({
      kind: 'hubspot',
      accessToken: 'pat',
      apiVersion: '2026-03',
      baseUrl: 'https://api.hubapi.com',
      timeoutMs: 30_000,
    });
    expect(config.destination('local')).toMatchObject({ kind: 'duckdb' });
  });

  it('is sluice.yml where there is no sluice.yaml', () => {
    writeFileSync(join(folder, 'sluice.yml'), valid);
    expect(loadConfig({ directory: folder, env: {} }).path).toBe(join(folder, 'sluice.yml'));
    expect(load(valid).path).toBe(join(folder, 'sluice.yaml'));
  });

  it('may take small chunks for tests', () => {
    const yaml = `${valid.replace('contacts: {}', 'contacts: { chunkRecords: 100 }')}testing: { smallChunks: true }\n`;
    expect(resolveStream(load(yaml), 'crm.contacts').chunkRecords).toBe(100);
  });

  it('can be overridden value by value, literally', () => {
    const config = load(valid, {
      overrides: { 'sources.crm.baseUrl': 'http://127.0.0.1:8080', 'sources.crm.accessToken': '${NOT_A_VARIABLE}' },
    });
    expect(config.source('crm')).toMatchObject({
      baseUrl: 'http://127.0.0.1:8080',
      accessToken: '${NOT_A_VARIABLE}',
    });
  });
});

describe('a wrong config', () => {
  const stream = '      contacts: {}';
  it.each<[string, string, string[]]>([
    ['an empty file', '', ['sluice.yaml:1:1: the file is empty; begin with version: 1']],
    ['only comments', '# nothing\n', ['sluice.yaml:1:1: the file is empty; begin with version: 1']],
    ['a list', '- a\n', ['sluice.yaml:1:1: a config is a mapping (key: value); begin with version: 1']],
    ['a text', 'hello\n', ['sluice.yaml:1:1: a config is a mapping (key: value); begin with version: 1']],
    ['a tab', 'version: 1\nsources:\n\tcrm: {}\n', ['sluice.yaml:3:1: a tab cannot indent; use spaces']],
    [
      'tabs, and what the parser makes of the lines after them',
      'version: 1\nsources:\n  crm:\n\tkind: hubspot\n\ttoken: x\n  app: {}\n    b: 1\n',
      ['sluice.yaml:4:1: a tab cannot indent; use spaces, here and in 1 line more'],
    ],
    [
      'a mistake before a tab',
      'version: 1\nversion: 1\nsources:\n\tcrm: {}\n',
      ['sluice.yaml:2:1: this key is here twice in one mapping', 'sluice.yaml:4:1: a tab cannot indent; use spaces'],
    ],
    ['a key twice', `${valid}version: 1\n`, ['sluice.yaml:13:1: this key is here twice in one mapping']],
    [
      'two documents',
      `${valid}---\nversion: 1\n`,
      ['sluice.yaml:13:1: a second document begins here; a config is one document'],
    ],
    ['an open quote', 'version: "1\n', ['sluice.yaml:2:1: a closing quote, bracket or comma is missing']],
    [
      'two values',
      'version: 1: 2\n',
      ['sluice.yaml:1:10: a second ": " on one line; put the value in quotes or the key on its own line'],
    ],
    [
      'a value that YAML would split',
      'version: "secret" leaked\n',
      ['sluice.yaml:1:19: this cannot stand here; put the value in quotes'],
    ],
    ['a custom tag', 'version: !env V\n', ['sluice.yaml:1:10: unresolved tag: !env']],
    [
      'an alias',
      withLine('    source: crm', '    source: &name crm').replace('destination: local', 'destination: *name'),
      ['sluice.yaml:9:18 pipelines.crm.destination: aliases (*name) are not supported; write the value here'],
    ],
    [
      'an alias of nothing',
      'version: *v\n',
      ['sluice.yaml:1:10 version: aliases (*name) are not supported; write the value here'],
    ],
    ['a key that is no text', 'version: 1\n? [a]\n: 1\n', ['sluice.yaml:2:3: a key must be text']],
    [
      'nothing but a version',
      'version: 1\n',
      [
        'sluice.yaml:1:1 sources: is required',
        'sluice.yaml:1:1 destinations: is required',
        'sluice.yaml:1:1 pipelines: is required',
      ],
    ],
    ['another version', withLine('version: 1', 'version: 2'), ['sluice.yaml:1:1 version: must be 1']],
    ['no version', withLine('version: 1'), ['sluice.yaml:1:1 version: is required']],
    [
      'an empty section',
      withLine('  crm: { kind: hubspot, accessToken: ${HUBSPOT_ACCESS_TOKEN} }'),
      [
        'sluice.yaml:2:1 sources: must be a mapping (key: value), not nothing',
        'sluice.yaml:7:5 pipelines.crm.source: no source of this name, there is none',
      ],
    ],
    [
      'an unknown key of a stream',
      withLine(stream, '      contacts:', '        chunkRecord: 25000'),
      ['sluice.yaml:13:9 pipelines.crm.streams.contacts.chunkRecord: unknown key, did you mean chunkRecords?'],
    ],
    [
      'an unknown key whose value is a variable',
      withLine(stream, '      contacts:', '        chunkRecord: ${N}'),
      ['sluice.yaml:13:9 pipelines.crm.streams.contacts.chunkRecord: unknown key, did you mean chunkRecords?'],
    ],
    [
      'an unknown key like no other',
      withLine(stream, '      contacts: { limits: { zebra: 1 } }'),
      ['sluice.yaml:12:29 pipelines.crm.streams.contacts.limits.zebra: unknown key, known here: rejects'],
    ],
    [
      'an unknown key of a connector, and the one it stands for missing',
      withLine(
        '  crm: { kind: hubspot, accessToken: ${HUBSPOT_ACCESS_TOKEN} }',
        '  crm:',
        '    kind: hubspot',
        '    acessToken: x',
      ),
      [
        'sluice.yaml:3:3 sources.crm.accessToken: is required',
        'sluice.yaml:5:5 sources.crm.acessToken: unknown key, did you mean accessToken?',
      ],
    ],
    [
      'an unknown section',
      `${valid}piplines: {}\n`,
      ['sluice.yaml:13:1 piplines: unknown key, did you mean pipelines?'],
    ],
    [
      'a hostile key',
      `${valid}__proto__: { polluted: 1 }\n`,
      [
        'sluice.yaml:13:1 __proto__: unknown key, known here: version, sources, destinations, pipelines, incremental, reconcile, schedules, freshness, metrics, health, alerts, temporal, encryption, dataDir, budgetDir, testing',
      ],
    ],
    [
      'what is not built',
      withLine(stream, '      contacts: { naming: fivetran, key: [id] }'),
      [
        'sluice.yaml:12:19 pipelines.crm.streams.contacts.naming: not built yet in this version',
        'sluice.yaml:12:37 pipelines.crm.streams.contacts.key: not built yet in this version',
      ],
    ],
    [
      'a kind that is not built',
      withLine('  local: { kind: duckdb, path: ./data/warehouse.duckdb }', '  local: { kind: postgres }'),
      ['sluice.yaml:5:12 destinations.local.kind: postgres is not built yet in this version'],
    ],
    [
      'a kind that does not exist',
      withLine(
        '  local: { kind: duckdb, path: ./data/warehouse.duckdb }',
        '  local: { kind: duckbd }',
        '  other: { kind: constructor }',
      ),
      [
        'sluice.yaml:5:12 destinations.local.kind: unknown kind, did you mean duckdb?',
        'sluice.yaml:6:12 destinations.other.kind: unknown kind, there is duckdb, snowflake',
      ],
    ],
    [
      'no kind',
      withLine('  local: { kind: duckdb, path: ./data/warehouse.duckdb }', '  local: { path: x }'),
      ['sluice.yaml:5:3 destinations.local.kind: is required: duckdb, snowflake'],
    ],
    [
      'a connector that is no mapping',
      withLine('  local: { kind: duckdb, path: ./data/warehouse.duckdb }', '  local: duckdb'),
      ['sluice.yaml:5:3 destinations.local: must be a mapping with a kind'],
    ],
    [
      'a URL of another scheme, an unknown choice, a limit of nothing',
      withLine(
        '  crm: { kind: hubspot, accessToken: ${HUBSPOT_ACCESS_TOKEN} }',
        '  crm: { kind: hubspot, accessToken: "", baseUrl: "ftp://x", apiVersion: v9, requestsPer10s: 0, timeoutMs: 1.5 }',
      ),
      [
        'sluice.yaml:3:25 sources.crm.accessToken: must not be empty',
        'sluice.yaml:3:42 sources.crm.baseUrl: must be a URL, with http:// or https://',
        'sluice.yaml:3:62 sources.crm.apiVersion: must be one of 2026-03, 2026-09, v3',
        'sluice.yaml:3:78 sources.crm.requestsPer10s: must be at least 1',
        'sluice.yaml:3:97 sources.crm.timeoutMs: must be a whole number, not a fraction',
      ],
    ],
    [
      'chunks too large',
      withLine(stream, '      contacts: { chunkRecords: 50001 }'),
      ['sluice.yaml:12:19 pipelines.crm.streams.contacts.chunkRecords: must be at most 50000'],
    ],
    [
      'chunks too small',
      withLine(stream, '      contacts: { chunkRecords: 19999 }'),
      ['sluice.yaml:12:19 pipelines.crm.streams.contacts.chunkRecords: must be at least 20000'],
    ],
    [
      'chunks that are no number',
      withLine(stream, '      contacts: { chunkRecords: many }'),
      ['sluice.yaml:12:19 pipelines.crm.streams.contacts.chunkRecords: must be a number, not text'],
    ],
    [
      'a limit below zero',
      withLine(stream, '      contacts: { limits: { rejects: -1 } }'),
      ['sluice.yaml:12:29 pipelines.crm.streams.contacts.limits.rejects: must be at least 0'],
    ],
    [
      'no columns',
      withLine(stream, '      contacts: { columns: [] }'),
      ['sluice.yaml:12:19 pipelines.crm.streams.contacts.columns: needs at least one entry'],
    ],
    [
      'a column that is no text',
      withLine(stream, '      contacts: { columns: [email, 5] }'),
      ['sluice.yaml:12:36 pipelines.crm.streams.contacts.columns[1]: must be text, not a number'],
    ],
    [
      'a column twice',
      withLine(stream, '      contacts: { columns: [email, email] }'),
      ['sluice.yaml:12:19 pipelines.crm.streams.contacts.columns: names a property twice'],
    ],
    [
      'a table of three parts',
      withLine(stream, '      contacts: { table: a.b.c }'),
      [
        'sluice.yaml:12:19 pipelines.crm.streams.contacts.table: must be table or schema.table, of letters, digits, _, $ or -; names that begin with sync_ are taken',
      ],
    ],
    [
      "one of Sluice's own tables",
      withLine(stream, '      contacts: { table: other.Sync_Batches }', '      sync_runs: {}'),
      [
        'sluice.yaml:12:19 pipelines.crm.streams.contacts.table: must be table or schema.table, of letters, digits, _, $ or -; names that begin with sync_ are taken',
        'sluice.yaml:13:7 pipelines.crm.streams.sync_runs: tables that begin with sync_ are taken; give this stream a table of another name',
      ],
    ],
    [
      'a schema with a quote',
      withLine('    schema: hubspot', "    schema: 'a\"b'"),
      [
        'sluice.yaml:10:5 pipelines.crm.schema: must be letters, digits, _, $ or -, a letter or _ first, at most 63 long',
      ],
    ],
    [
      'a source that does not exist',
      withLine('    source: crm', '    source: cmr'),
      ['sluice.yaml:8:5 pipelines.crm.source: no source of this name, did you mean crm?'],
    ],
    [
      'a destination that does not exist',
      withLine('    destination: local', '    destination: snowflake'),
      ['sluice.yaml:9:5 pipelines.crm.destination: no destination of this name, there is local'],
    ],
    [
      'a name that is a number',
      valid.replace('  local:', '  2:'),
      ['sluice.yaml:5:3 destinations: a key must be text'],
    ],
    [
      'names that cannot be addressed',
      withLine(stream, '      my.contacts: {}', '      my contacts: {}'),
      [
        'sluice.yaml:12:7 pipelines.crm.streams.my.contacts: a name must be letters, digits, _ or -, a letter first, at most 63 long',
        'sluice.yaml:13:7 pipelines.crm.streams.my contacts: a name must be letters, digits, _ or -, a letter first, at most 63 long',
      ],
    ],
    [
      'no streams',
      withLine(stream).replace('streams:', 'streams: {}'),
      ['sluice.yaml:11:5 pipelines.crm.streams: names no stream'],
    ],
    [
      'one table for two streams',
      withLine(stream, '      contacts: {}', '      people: { object: contacts, table: HubSpot.Contacts }'),
      [
        'sluice.yaml:13:7 pipelines.crm.streams.people: writes to the same table of local as crm.contacts; give one of them another table',
      ],
    ],
    [
      'a reference that is none',
      withLine('    schema: hubspot', '    schema: ${1A}'),
      [
        'sluice.yaml:10:5 pipelines.crm.schema: not a reference to a variable; write ${NAME} or ${NAME:-default}, or $${ for a plain ${',
      ],
    ],
    [
      'variables in the place of mappings',
      valid
        .slice(0, valid.indexOf('pipelines:'))
        .replace('local: { kind: duckdb, path: ./data/warehouse.duckdb }', 'local: ${D}') + 'pipelines: ${P}\n',
      [
        'sluice.yaml:6:1 pipelines: must be a mapping (key: value), not text',
        'sluice.yaml:5:3 destinations.local: must be a mapping with a kind',
      ],
    ],
    [
      'a variable for all streams',
      withLine(stream).replace('streams:', 'streams: ${S}'),
      ['sluice.yaml:11:5 pipelines.crm.streams: must be a mapping (key: value), not text'],
    ],
    [
      'a variable in what every verb uses',
      `${valid}dataDir: \${SLUICE_DATA}\n`,
      ['sluice.yaml:13:1 dataDir: SLUICE_DATA is not set'],
    ],
  ])('%s', (_what, yaml, lines) => {
    expect(errorOf(() => load(yaml)).message.split('\n')).toEqual(lines);
  });

  it('is named as given, and told how to get one when there is none', () => {
    const error = errorOf(() => loadConfig({ directory: folder, env: {} }));
    expect(error.message).toBe(`there is no ${join(folder, 'sluice.yaml')}`);
    expect(error.next).toBe('sluice init makes one, or name a config with --config');
    expect(errorOf(() => loadConfig({ directory: folder, path: 'x.yaml', env: {} })).message).toBe(
      'there is no x.yaml',
    );
    expect(errorOf(() => loadConfig({ directory: folder, path: '.', env: {} })).message).toBe(
      `${folder} cannot be read (EISDIR)`,
    );
  });

  it('is shown by its whole path from elsewhere', () => {
    const path = join(folder, 'sluice.yaml');
    const error = errorOf(() => load('', { directory: join(folder, 'below'), path }));
    expect(error.message).toBe(`${path}:1:1: the file is empty; begin with version: 1`);
  });
});

describe('streams that a person names', () => {
  it.each([
    ['crm.contact', 'there is no stream crm.contact in sluice.yaml', 'did you mean crm.contacts?'],
    ['cmr.contacts', 'there is no stream cmr.contacts in sluice.yaml', 'did you mean crm.contacts?'],
    ['warehouse.orders', 'there is no stream warehouse.orders in sluice.yaml', 'there is crm.contacts'],
    ['contacts', '"contacts" is not a stream address', 'write it as pipeline.stream, for example crm.contacts'],
  ])('%s', (address, message, next) => {
    const config = load(valid);
    expect(errorOf(() => resolveStream(config, address))).toMatchObject({ message, next });
  });

  it('and connectors', () => {
    const config = load(valid);
    expect(errorOf(() => config.source('crmm'))).toMatchObject({
      message: 'there is no sources.crmm in sluice.yaml',
      next: 'did you mean crm?',
    });
    expect(errorOf(() => config.destination('x'))).toMatchObject({
      message: 'there is no destinations.x in sluice.yaml',
      next: 'there is local',
    });
  });
});
