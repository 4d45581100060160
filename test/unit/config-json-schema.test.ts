import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../config/json-schema.ts';
import { loadConfig } from '../../config/load-config.ts';

const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(configJsonSchema());

/** As an editor sees it: the YAML as it is written, variables and all. */
function accepts(yaml: string): boolean {
  return validate(parse(yaml.replaceAll(/(?<!["'])\$\{([^{}\n]*)\}/g, (reference) => `"${reference}"`)));
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-schema-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function loads(yaml: string): boolean {
  writeFileSync(join(folder, 'sluice.yaml'), yaml);
  try {
    const config = loadConfig({
      directory: folder,
      env: { NUMBER: '25000', WORD: 'on', TIME: '5m', TOKEN: 'x', HOOK: 'https://example.com' },
    });
    config.sourceNames.forEach((name) => config.source(name));
    config.destinationNames.forEach((name) => config.destination(name));
    config.streamNames.forEach((name) => config.stream(name));
    config.monitoring();
    return true;
  } catch {
    return false;
  }
}

const config = (
  some: { source?: string; destination?: string; pipeline?: string; stream?: string; top?: string } = {},
) => `
version: 1
sources: { crm: { kind: hubspot, accessToken: \${TOKEN}${some.source ?? ''} } }
destinations: { local: { kind: duckdb, path: ./a.duckdb${some.destination ?? ''} } }
pipelines: { crm: { source: crm, destination: local, streams: { contacts: {${some.stream ?? ''}} }${some.pipeline ?? ''} } }
${some.top ?? ''}
`;

const snowflake = (options: string): string =>
  config().replace(
    'kind: duckdb, path: ./a.duckdb',
    `kind: snowflake, account: myorg-myaccount, username: u, database: D, ${options}`,
  );

const good: Readonly<Record<string, string>> = {
  'the smallest config': config(),
  'a stream of nothing': config().replace('contacts: {}', 'contacts: '),
  'every option of a stream': config({
    stream:
      'object: contacts, table: a.b, columns: [email], hash: [email], contract: freeze, onVanished: erase, ' +
      'associations: [], chunkRecords: 50000, limits: { rejects: 0 }, ' +
      'incremental: { enabled: no, overlap: 5m, neverBackfilled: fullSync }, ' +
      'reconcile: { refreshCalculated: 0, latest: 3d }, schedules: { incremental: 90s, softDelete: off, reconcile: false }',
  }),
  'schedules that are off': config({ top: 'schedules: off' }),
  'off in another case': config({ pipeline: ', schedules: { incremental: OFF }, incremental: { enabled: Enabled }' }),
  'variables where numbers are asked for': config({
    source: ', timeoutMs: ${NUMBER}, requestsPer10s: ${NONE:-100}',
    destination: ', threads: ${NONE:-2}',
    stream: 'chunkRecords: ${NUMBER}',
  }),
  'variables where words are asked for': config({
    source: ', baseUrl: ${NONE:-https://api.example.com}, apiVersion: ${NONE:-v3}',
    destination: ', readCopy: ${NONE:-off}, memoryLimit: ${NONE:-2GB}',
    pipeline: ', schema: ${NONE:-hubspot}',
    stream: 'incremental: { enabled: ${WORD}, overlap: ${TIME} }',
    top: 'testing: { smallChunks: ${NONE:-true} }',
  }),
  'a Snowflake account': snowflake('privateKeyPath: ./rsa_key.p8, warehouse: WH, role: R, loginTimeoutMs: ${NUMBER}'),
  'a Snowflake account with two warehouses': snowflake(
    'workloadIdentity: OIDC, tokenPath: /run/token, warehouses: { backfill: BIG, incremental: SMALL }, stage: "@FILES"',
  ),
  calendars: config({
    top: 'schedules: { reconcile: "0 3 * * *", softDelete: 6h, timezone: Europe/Berlin, jitter: 1m }',
  }),
  'what is off as a whole': config({ top: 'metrics: off\nhealth: no\nalerts: false' }),
  'what the top level knows': config({
    top:
      'metrics: { address: 127.0.0.1:9464 }\nhealth: { address: 127.0.0.1:9465 }\nfreshness: 15m\n' +
      'alerts: { webhook: "${HOOK}", on: [failure, stale] }\nencryption: { keys: { k1: { file: ./k1 } } }\n' +
      'budgetDir: ./budgets\ntemporal: { taskQueue: sluice, deployment: { name: crm, buildId: v1 } }',
  }),
};

const bad: Readonly<Record<string, string>> = {
  'an unknown key at the top': config({ top: 'pipes: {}' }),
  'an unknown key of a source': config({ source: ', acessToken: x' }),
  'an unknown key of a stream': config({ stream: 'chunks: 5' }),
  'an unknown kind': config().replace('kind: hubspot', 'kind: hubspott'),
  'a Snowflake stage that is none': snowflake('pat: x, warehouse: W, stage: FILES'),
  'an unknown warehouse of two': snowflake('pat: x, warehouses: { backfill: B, incremental: C, other: D }'),
  'no version': config().replace('version: 1', ''),
  'another version': config().replace('version: 1', 'version: 2'),
  'no token': config().replace(', accessToken: ${TOKEN}', ''),
  'a number that is none': config({ source: ', timeoutMs: soon' }),
  'a number out of range': config({ stream: 'chunkRecords: 90000' }),
  'no duration': config({ pipeline: ', incremental: { overlap: soon }' }),
  'no switch': config({ pipeline: ', incremental: { enabled: maybe }' }),
  'a calendar of four fields': config({ top: 'schedules: { reconcile: "0 3 * *" }' }),
  'no address': config({ top: 'metrics: { address: somewhere }' }),
  'an unknown alert': config({ top: 'alerts: { webhook: https://example.com, on: [anything] }' }),
  'a schedule that is on': config({ pipeline: ', schedules: on' }),
  'a table that is taken': config({ stream: 'table: sync_runs' }),
};

describe('the JSON Schema of the config', () => {
  it('accepts the example, also with all that it shows as a comment', () => {
    const example = readFileSync(new URL('../../sluice.example.yaml', import.meta.url), 'utf8');
    expect(accepts(example)).toBe(true);
    const shown = example.replaceAll(/^(\s*)# ([\w]+: ?.*|(?: {2}\w+: .*))$/gm, '$1$2');
    expect(parse(shown.replaceAll(/\$\{(\w+)\}/g, '$1'))).toMatchObject({ temporal: { taskQueue: 'sluice' } });
    expect(accepts(shown), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(Object.keys(good))('accepts %s, as the loader does', (name) => {
    expect(loads(good[name]!)).toBe(true);
    expect(accepts(good[name]!), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(Object.keys(bad))('rejects %s, as the loader does', (name) => {
    expect(loads(bad[name]!)).toBe(false);
    expect(accepts(bad[name]!)).toBe(false);
  });

  it('describes every option of a stream, a source and a destination', () => {
    const { definitions } = configJsonSchema() as { definitions: Record<string, { anyOf: { properties: object }[] }> };
    for (const section of ['stream', 'source', 'destination']) {
      const options = Object.entries(definitions[section]!.anyOf[0]!.properties) as [string, object][];
      const undescribed = options.filter(([, option]) => !('description' in option) && !('const' in option));
      expect(undescribed.map(([name]) => name)).toEqual([]);
    }
  });
});
