import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import { resolveStream } from '../../config/resolve-stream.ts';
import { SyncError } from '../../model/errors.ts';
import type { StreamSettings } from '../../model/stream-settings.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly streams?: Readonly<Record<string, string>>;
  readonly pipeline?: string;
  readonly top?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function load({ streams = { contacts: '{}' }, pipeline, top, env = {} }: Said): LoadedConfig {
  const lines = [
    'version: 1',
    'sources: { crm: { kind: hubspot, accessToken: x } }',
    'destinations: { local: { kind: duckdb, path: w.duckdb } }',
    'pipelines:',
    '  crm:',
    '    source: crm',
    '    destination: local',
    '    streams:',
    ...Object.entries(streams).map(([name, options]) => `      ${name}: ${options}`),
    ...(pipeline === undefined ? [] : [`    ${pipeline}`]),
    ...(top === undefined ? [] : [top]),
  ];
  writeFileSync(join(folder, 'sluice.yaml'), `${lines.join('\n')}\n`);
  return loadConfig({ directory: folder, env });
}

function settings(said: Said, stream = 'crm.contacts'): StreamSettings {
  return resolveStream(load(said), stream);
}

function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect((error as SyncError).kind).toBe('ConfigInvalid');
    return (error as SyncError).message.split('\n');
  }
  return [];
}

const isEnabled = (said: Said): boolean => settings(said).incremental.enabled;

describe('a switch', () => {
  it.each(['true', '1', 'yes', 'enabled', 'on', 'TRUE', '"true"', '"1"', 'Yes', 'ON', 'Enabled'])(
    '%s is on',
    (word) => {
      expect(isEnabled({ streams: { contacts: `{ incremental: { enabled: ${word} } }` } })).toBe(true);
    },
  );

  it.each(['false', '0', 'no', 'disabled', 'off', 'False', '"0"', 'NO', 'Off', 'DISABLED'])('%s is off', (word) => {
    expect(isEnabled({ streams: { contacts: `{ incremental: { enabled: ${word} } }` } })).toBe(false);
  });

  it.each(['maybe', '2', '""', '', '[]', 'oui', 'constructor'])('%s is none', (word) => {
    expect(problemsOf(() => load({ streams: { contacts: `{ incremental: { enabled: ${word} } }` } }))).toEqual([
      'sluice.yaml:9:34 pipelines.crm.streams.contacts.incremental.enabled: ' +
        'must be true, 1, yes, enabled or on, or one of false, 0, no, disabled and off',
    ]);
  });

  it('may come from a variable', () => {
    const streams = { contacts: '{ incremental: { enabled: "${INCREMENTAL:-yes}" } }' };
    expect(isEnabled({ streams })).toBe(true);
    expect(isEnabled({ streams, env: { INCREMENTAL: 'No' } })).toBe(false);
  });
});

describe('SLUICE_INCREMENTAL_ENABLED', () => {
  const off: Said = { streams: { contacts: '{ incremental: { enabled: off } }' } };

  it('wins over every place of the config', () => {
    expect(isEnabled({ ...off, env: { SLUICE_INCREMENTAL_ENABLED: 'Enabled' } })).toBe(true);
    expect(isEnabled({ env: { SLUICE_INCREMENTAL_ENABLED: '0' } })).toBe(false);
    expect(isEnabled({ ...off, env: { SLUICE_INCREMENTAL_ENABLED: '' } })).toBe(false);
  });

  it('may stand in .env, under the process environment', () => {
    writeFileSync(join(folder, '.env'), 'SLUICE_INCREMENTAL_ENABLED=on\n');
    expect(isEnabled(off)).toBe(true);
    expect(isEnabled({ ...off, env: { SLUICE_INCREMENTAL_ENABLED: 'off' } })).toBe(false);
  });

  it('is one error where it is no switch', () => {
    expect(problemsOf(() => load({ ...off, env: { SLUICE_INCREMENTAL_ENABLED: 'perhaps' } }))).toEqual([
      'the variable SLUICE_INCREMENTAL_ENABLED must be true, 1, yes, enabled or on, or one of false, 0, no, disabled and off',
    ]);
  });
});

describe('apply', () => {
  it.each([
    ['{}', 1, null],
    ['{ apply: { everyBatches: 4 } }', 4, null],
    ['{ apply: { interval: 10m } }', 1, { intervalMs: 600_000, mostBatches: 30 }],
    ['{ apply: { interval: 1h, everyBatches: 8 } }', 8, { intervalMs: 3_600_000, mostBatches: 8 }],
  ])('%s', (contacts, batchesPerMerge, hold) => {
    expect(settings({ streams: { contacts } })).toMatchObject({ batchesPerMerge, hold });
  });

  it('counts for when a stream is stale', () => {
    expect(settings({ streams: { contacts: '{ apply: { interval: 10m } }' } }).freshnessMs).toBe(960_000);
    const contacts = '{ apply: { interval: 10m }, freshness: 12m }';
    expect(problemsOf(() => load({ streams: { contacts } }))).toEqual([
      expect.stringContaining(
        'contacts.freshness: must be longer than schedules.incremental and apply.interval together',
      ),
    ]);
  });

  it('an interval has something to wait for', () => {
    const contacts = '{ apply: { interval: 1h, everyBatches: 1 } }';
    expect(problemsOf(() => load({ streams: { contacts } }))).toEqual([
      expect.stringMatching(
        /contacts\.apply\.everyBatches: is 1, so that nothing waits for `interval`: leave one out$/,
      ),
    ]);
  });

  it.each(['often', '2d', '10'])('an interval is not %s', (interval) => {
    expect(problemsOf(() => load({ streams: { contacts: `{ apply: { interval: ${interval} } }` } }))).toHaveLength(1);
  });
});

describe('what is said for a stream, its pipeline and all', () => {
  it('counts option by option, the nearest first', () => {
    const { incremental, reconcile, schedules } = settings({
      streams: { contacts: '{ incremental: { overlap: 1m }, schedules: { incremental: 1m } }' },
      pipeline: 'incremental: { overlap: 2m, horizon: 20m }',
      top:
        'incremental: { overlap: 3m, horizon: 30m, settledEvery: 3m, enabled: off }\n' +
        'reconcile: { earliest: 3h }\nschedules: { incremental: 3m, reconcile: 2d }',
    });
    expect(incremental).toEqual({
      enabled: false,
      windows: { overlapMs: 60_000, horizonMs: 1_200_000, settledEveryMs: 180_000 },
      neverBackfilled: 'wait',
    });
    expect(reconcile).toMatchObject({ earliestMs: 10_800_000, latestMs: 259_200_000 });
    expect(schedules).toMatchObject({ incrementalMs: 60_000, softDeleteMs: 21_600_000, reconcileMs: 172_800_000 });
  });

  it('may turn all schedules off, and one stream on again', () => {
    const said = { streams: { contacts: '{}', deals: '{ schedules: { softDelete: 1h } }' }, top: 'schedules: off' };
    expect(settings(said).schedules).toMatchObject({ incrementalMs: null, softDeleteMs: null, reconcileMs: null });
    expect(settings(said, 'crm.deals').schedules).toMatchObject({
      incrementalMs: null,
      softDeleteMs: 3_600_000,
      reconcileMs: null,
    });
    expect(settings({ streams: { contacts: '{ schedules: false }' } }).schedules.incrementalMs).toBeNull();
  });

  it('is wrong once, where it stands', () => {
    expect(
      problemsOf(() => load({ streams: { contacts: '{}', deals: '{}' }, top: 'reconcile: { approvalWait: 2d }' })),
    ).toEqual([
      'sluice.yaml:11:14 reconcile.approvalWait: must end before the next scheduled run: a minute less than schedules.reconcile at most',
    ]);
  });
});

describe('a calendar', () => {
  const schedules = (said: string) => settings({ streams: { contacts: `{ schedules: { ${said} } }` } }).schedules;

  it('stands where an interval may, in UTC unless a time zone is named', () => {
    expect(schedules('reconcile: "0 3 * * *"')).toMatchObject({
      incrementalMs: 120_000,
      reconcileMs: 86_400_000,
      calendars: { reconcile: { cron: '0 3 * * *', leastMs: 86_400_000 } },
      timezone: 'UTC',
    });
  });

  it('counts its longest gap as the usual one, and its shortest over a change of the clock', () => {
    expect(schedules('incremental: "*/15 7-18 * * mon-fri", timezone: europe/berlin, jitter: 1m')).toMatchObject({
      incrementalMs: (60 + 15 / 60) * 3_600_000,
      calendars: { incremental: { cron: '*/15 7-18 * * mon-fri', leastMs: 900_000 } },
      timezone: 'Europe/Berlin',
      jitterMs: 60_000,
    });
    expect(schedules('reconcile: "0 3 * * *", timezone: Europe/Berlin').calendars.reconcile?.leastMs).toBe(82_800_000);
  });

  it('may be said for all, with the time zone for some', () => {
    const said = {
      streams: { contacts: '{}', deals: '{ schedules: { reconcile: 12h } }' },
      pipeline: 'schedules: { timezone: Asia/Tokyo }',
      top: 'schedules: { reconcile: "30 2 * * *" }',
    };
    expect(settings(said).schedules).toMatchObject({
      calendars: { reconcile: { cron: '30 2 * * *' } },
      timezone: 'Asia/Tokyo',
    });
    expect(settings(said, 'crm.deals').schedules).toMatchObject({ reconcileMs: 43_200_000, calendars: {} });
  });
});

it('two spellings of one Snowflake account hold each table once', () => {
  const options = 'kind: snowflake, username: u, pat: p, warehouse: w';
  const text = [
    'version: 1',
    'sources: { crm: { kind: hubspot, accessToken: x } }',
    'destinations:',
    `  a: { ${options}, account: MyOrg-My_Account, database: analytics }`,
    `  b: { ${options}, account: https://app.snowflake.com/myorg/my_account, database: ANALYTICS, role: r }`,
    'pipelines:',
    '  one: { source: crm, destination: a, schema: hubspot, streams: { owners: {} } }',
    '  two: { source: crm, destination: b, schema: HubSpot, streams: { owners: {} } }',
    '',
  ].join('\n');
  writeFileSync(join(folder, 'sluice.yaml'), text);
  expect(problemsOf(() => loadConfig({ directory: folder, env: {} }))).toEqual([
    'sluice.yaml:8:67 pipelines.two.streams.owners: writes to the same table of b as one.owners; give one of them another table',
  ]);
});

describe('two destinations that are one file', () => {
  it('hold each table once', () => {
    const lines = (second: string) =>
      [
        'version: 1',
        'sources: { crm: { kind: hubspot, accessToken: x } }',
        `destinations: { a: { kind: duckdb, path: w.duckdb }, b: { kind: duckdb, path: ${second}, threads: 2 } }`,
        'pipelines:',
        '  one: { source: crm, destination: a, schema: hubspot, streams: { contacts: {}, companies: {} } }',
        '  two: { source: crm, destination: b, schema: HubSpot, streams: { contacts: {}, companies: {} } }',
        '',
      ].join('\n');
    writeFileSync(join(folder, 'sluice.yaml'), lines('./x/../w.duckdb'));
    expect(
      problemsOf(() => loadConfig({ directory: folder, env: {} })).map((line) => line.replace(/^\S+ /, '')),
    ).toEqual([
      'pipelines.two.streams.contacts: writes to the same table of b as one.contacts; give one of them another table',
      'pipelines.two.streams.companies: writes to the same table of b as one.companies; give one of them another table',
      'pipelines.two.streams.contacts.associations: those with companies go to the same table of b as one.contacts; give one of the streams a table in another schema, or associations: []',
    ]);
    writeFileSync(join(folder, 'sluice.yaml'), lines('other.duckdb'));
    expect(problemsOf(() => loadConfig({ directory: folder, env: {} }))).toEqual([]);
  });
});

describe('the wait for an approval', () => {
  const waitMs = (contacts: string): number => settings({ streams: { contacts } }).reconcile.approvalWaitMs;

  it('ends by itself before the next reconciliation', () => {
    expect(waitMs('{ schedules: { reconcile: 6h } }')).toBe(6 * 3_600_000 - 60_000);
    expect(waitMs('{ schedules: { reconcile: off } }')).toBe(20 * 3_600_000);
  });

  it('may be as long as that', () => {
    expect(waitMs('{ schedules: { reconcile: 6h }, reconcile: { approvalWait: 359m } }')).toBe(359 * 60_000);
    expect(waitMs('{ schedules: { reconcile: off }, reconcile: { approvalWait: 10d } }')).toBe(10 * 86_400_000);
  });

  it('ends before the next time of a calendar, at its shortest gap, and before the jitter of an interval', () => {
    expect(waitMs('{ schedules: { reconcile: "0 3,8 * * *" } }')).toBe(5 * 3_600_000 - 60_000);
    expect(waitMs('{ schedules: { reconcile: "0 3,8 * * *", timezone: Europe/Berlin } }')).toBe(4 * 3_600_000 - 60_000);
    expect(waitMs('{ schedules: { reconcile: 6h, jitter: 30m } }')).toBe(5.5 * 3_600_000 - 60_000);
    expect(
      problemsOf(() => waitMs('{ schedules: { reconcile: "0 3,8 * * *" }, reconcile: { approvalWait: 6h } }')),
    ).toEqual([
      'sluice.yaml:9:73 pipelines.crm.streams.contacts.reconcile.approvalWait: must end before the next scheduled run: a minute less than the shortest time between two of schedules.reconcile at most',
    ]);
  });

  it('is told where a nearer schedule leaves no room for it', () => {
    expect(
      problemsOf(() =>
        load({ streams: { contacts: '{ schedules: { reconcile: 1h } }' }, top: 'reconcile: { approvalWait: 2h }' }),
      ),
    ).toEqual([
      'sluice.yaml:9:32 pipelines.crm.streams.contacts.schedules.reconcile: must leave room for reconcile.approvalWait: a minute more than that at least',
    ]);
  });
});

describe('a wrong option', () => {
  const duration = 'a duration such as 90s, 5m, 6h or 1d';
  const time = 'a duration such as 5m, 6h or 1d, or a calendar such as "0 3 * * *"';
  it.each<[options: string, place: string, text: string]>([
    ['incremental: { overlap: 5 }', 'incremental.overlap', `must be ${duration}`],
    ['incremental: { overlap: 5 minutes }', 'incremental.overlap', `must be ${duration}`],
    ['incremental: { overlap: -5m }', 'incremental.overlap', `must be ${duration}`],
    ['incremental: { overlap: }', 'incremental.overlap', `must be ${duration}`],
    ['incremental: { overlap: 8d }', 'incremental.overlap', 'must be at most 7d'],
    ['incremental: { horizon: 1m }', 'incremental.horizon', 'must be at least 5m'],
    ['incremental: { settledEvery: 1s }', 'incremental.settledEvery', 'must be at least 1m'],
    ['incremental: { neverBackfilled: x }', 'incremental.neverBackfilled', 'must be one of wait, fullSync'],
    ['incremental: { overlp: 5m }', 'incremental.overlp', 'unknown key, did you mean overlap?'],
    ['incremental: off', 'incremental', 'must be a mapping (key: value), not text'],
    ['reconcile: { earliest: 1m }', 'reconcile.earliest', 'must be at least 5m'],
    ['reconcile: { latest: 31d }', 'reconcile.latest', 'must be at most 30d'],
    ['schedules: { incremental: 29s }', 'schedules.incremental', 'must be at least 30s'],
    ['schedules: { softDelete: 299s }', 'schedules.softDelete', 'must be at least 5m'],
    ['schedules: { reconcile: 1m }', 'schedules.reconcile', 'must be at least 5m'],
    ['schedules: { reconcile: 31d }', 'schedules.reconcile', 'must be at most 30d'],
    ['schedules: { reconcile: on }', 'schedules.reconcile', `must be off, ${time}`],
    ['schedules: { reconcile: 5 minutes }', 'schedules.reconcile', `must be off, ${time}`],
    ['schedules: { reconcile: 0 3 * * }', 'schedules.reconcile', `must be off, ${time}`],
    ['schedules: { reconcile: { every: 5m } }', 'schedules.reconcile', `must be off, ${time}`],
    [
      'schedules: { reconcile: 0 25 * * * }',
      'schedules.reconcile',
      'its hour must be *, or of 0 to 23: 3, 1-5, */2 or 1,15',
    ],
    ['schedules: { reconcile: 0 3 30 2 * }', 'schedules.reconcile', 'is a calendar of days that never come'],
    ['schedules: { reconcile: 0 3 1 1 * }', 'schedules.reconcile', 'must come at least once a month'],
    ['schedules: { reconcile: "* 3 * * *" }', 'schedules.reconcile', 'must leave at least 5m between two times'],
    ['schedules: { timezone: Europe/Berln }', 'schedules.timezone', 'is no time zone, did you mean Europe/Berlin?'],
    [
      'schedules: { timezone: "+01:00" }',
      'schedules.timezone',
      'is no time zone, write one such as UTC or Europe/Berlin',
    ],
    ['schedules: { jitter: 2d }', 'schedules.jitter', 'must be at most 1d'],
    ['schedules: { incrementl: 60s }', 'schedules.incrementl', 'unknown key, did you mean incremental?'],
    ['schedules: 5m', 'schedules', 'must be a mapping (key: value), not text'],
    ['contract: evolv', 'contract', 'must be one of evolve, freeze, discard'],
    ['onVanished: delete', 'onVanished', 'must be one of flag, erase'],
    ['hash: email', 'hash', 'must be a list, not text'],
    ['hash: [email, email]', 'hash', 'names a property twice'],
    ['hash: [email, id]', 'hash[1]', 'is the key, which cannot be hashed'],
    ['columns: [email], hash: [emial]', 'hash[0]', 'is not among columns, did you mean email?'],
    ['json: [email, id]', 'json[1]', 'is the key, which cannot be JSON'],
    ['columns: [email], json: [emial]', 'json[0]', 'is not among columns, did you mean email?'],
    ['hash: [email], json: [email]', 'json[0]', 'is hashed, and a hash is no JSON'],
    ['associations: [deals, deals]', 'associations', 'names an object twice'],
    [
      'associations: [a b]',
      'associations[0]',
      'the two objects give no name of a table: letters, digits, _, $ or -, at most 63 with assoc_',
    ],
  ])('{ %s }', (options, place, text) => {
    const [problem, ...others] = problemsOf(() => load({ streams: { contacts: `{ ${options} }` } }));
    expect(problem).toMatch(/^sluice\.yaml:9:\d+ /);
    expect(problem?.replace(/^\S+ /, '')).toBe(`pipelines.crm.streams.contacts.${place}: ${text}`);
    expect(others).toEqual([]);
  });

  it('is told of a pipeline and of the whole config too', () => {
    expect(
      problemsOf(() =>
        load({ pipeline: 'schedules: { incremental: 1s }', top: 'incremental: { horizon: 0s, overlp: 1m }' }),
      ),
    ).toEqual([
      'sluice.yaml:11:29 incremental.overlp: unknown key, did you mean overlap?',
      'sluice.yaml:10:18 pipelines.crm.schedules.incremental: must be at least 30s',
    ]);
  });
});

describe('tests on little data', () => {
  const testing = 'testing: { smallChunks: true }';

  it('may have short times', () => {
    const { incremental, reconcile, schedules } = settings({
      streams: {
        contacts:
          '{ incremental: { overlap: 0s, horizon: 0s, settledEvery: 0s }, reconcile: { earliest: 0s }, ' +
          'schedules: { incremental: 1s, softDelete: 1s, reconcile: 2s } }',
      },
      top: testing,
    });
    expect(incremental.windows).toEqual({ overlapMs: 0, horizonMs: 0, settledEveryMs: 0 });
    expect(reconcile).toMatchObject({ earliestMs: 0, approvalWaitMs: 1_000 });
    expect(schedules).toMatchObject({ incrementalMs: 1_000, softDeleteMs: 1_000, reconcileMs: 2_000 });
  });

  it('have no schedule of less than a second', () => {
    const streams = { contacts: '{ schedules: { incremental: 500ms } }' };
    expect(problemsOf(() => load({ streams, top: testing }))).toEqual([
      'sluice.yaml:9:32 pipelines.crm.streams.contacts.schedules.incremental: must be at least 1s',
    ]);
  });
});

describe('associations', () => {
  const table = (from: string, to: string, schema = 'crm') => ({
    to,
    table: { schema, table: `assoc_${from}_${to}` },
  });

  it('are the usual ones between objects that are streams of the pipeline', () => {
    const said = { streams: { contacts: '{}', firms: '{ object: companies }', deals: '{ associations: [] }' } };
    const ends = [{ schema: 'crm', table: 'firms' }];
    expect(settings(said).associations).toEqual([{ ...table('contacts', 'companies'), ends }]);
    expect(settings(said, 'crm.firms').associations).toEqual([]);
    expect(settings(said, 'crm.firms').incomingAssociations).toEqual([table('contacts', 'companies')]);
    expect(settings(said, 'crm.deals').associations).toEqual([]);
    expect(settings({ streams: { contacts: '{}' } }).associations).toEqual([]);
  });

  it('do not hang on the variables of another stream', () => {
    const streams = { contacts: '{}', companies: '{ table: "${TABLE}" }' };
    expect(settings({ streams }).associations).toEqual([table('contacts', 'companies')]);
  });

  it('are those that config names, in the schema of the stream', () => {
    const streams = {
      contacts: '{ table: people.contacts, associations: [tickets, contacts] }',
      tickets: '{ associations: [contacts] }',
    };
    expect(settings({ streams })).toMatchObject({
      associations: [table('contacts', 'tickets', 'people'), table('contacts', 'contacts', 'people')],
      incomingAssociations: [table('tickets', 'contacts')],
    });
    expect(settings({ streams }, 'crm.tickets').incomingAssociations).toEqual([table('contacts', 'tickets', 'people')]);
  });

  it('have a table of their own', () => {
    const streams = {
      contacts: '{ associations: [companies, deals] }',
      people: '{ object: contacts, associations: [companies] }',
      other: '{ table: ASSOC_contacts_deals, object: tasks }',
    };
    expect(problemsOf(() => load({ streams }))).toEqual([
      'sluice.yaml:9:19 pipelines.crm.streams.contacts.associations: those with deals go to the same table of local as crm.other; give one of the streams a table in another schema, or associations: []',
      'sluice.yaml:10:35 pipelines.crm.streams.people.associations: those with companies go to the same table of local as crm.contacts; give one of the streams a table in another schema, or associations: []',
    ]);
  });
});

describe('the key of hashed columns', () => {
  const streams = { contacts: '{ hash: [email] }' };
  const next = () =>
    `set it in the environment or in ${join(folder, '.env')}, once: under another key equal values hash differently`;

  it('comes from the environment or .env', () => {
    expect(load({ streams, env: { SLUICE_HASH_KEY: '0123456789abcdef' } }).hashKey()).toBe('0123456789abcdef');
    writeFileSync(join(folder, '.env'), 'SLUICE_HASH_KEY=fedcba9876543210\n');
    expect(load({ streams }).hashKey()).toBe('fedcba9876543210');
  });

  it('is asked for only when it is used', () => {
    const config = load({ streams });
    expect(resolveStream(config, 'crm.contacts').hashedProperties).toEqual(['email']);
    expect(() => config.hashKey()).toThrow(
      expect.objectContaining({
        kind: 'ConfigInvalid',
        message: 'the variable SLUICE_HASH_KEY is not set, and a stream hashes columns',
        next: next(),
      }),
    );
  });

  it('is a long one, and never shown', () => {
    expect(() => load({ streams, env: { SLUICE_HASH_KEY: 'short-secret' } }).hashKey()).toThrow(
      expect.objectContaining({
        message: 'the variable SLUICE_HASH_KEY is shorter than 16 characters',
        next: next(),
      }),
    );
  });
});
