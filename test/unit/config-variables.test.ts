import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import { expandReferences } from '../../config/references.ts';
import { resolveStream } from '../../config/resolve-stream.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const yaml = `version: 1
sources:
  crm: { kind: hubspot, accessToken: \${TOKEN}, timeoutMs: \${TIMEOUT:-5000} }
  other: { kind: hubspot, accessToken: \${OTHER_TOKEN}, baseUrl: "\${OTHER_URL}" }
destinations:
  local: { kind: duckdb, path: \${FOLDER:-./data}/warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    streams:
      contacts: { chunkRecords: \${CHUNK:-30000}, limits: { rejects: \${REJECTS:-5} } }
      deals: { table: \${DEALS_TABLE} }
`;

function load(env: Record<string, string> = {}): LoadedConfig {
  writeFileSync(join(folder, 'sluice.yaml'), yaml);
  return loadConfig({ directory: folder, env });
}

function expandOne(text: string, env: Record<string, string> = {}): unknown {
  return expandReferences({ value: text }, env).root['value'];
}

describe('expandReferences', () => {
  const env = { A: 'one', EMPTY: '', NESTED: '${A}', YAML: 'x: [1, 2]\n' };

  it.each([
    ['${A}', 'one'],
    ['a${A}b${A}c', 'aonebonec'],
    ['${B:-two}', 'two'],
    ['${B:-}', ''],
    ['${A:-two}', 'one'],
    ['${EMPTY:-two}', 'two'],
    ['${B:-a:-b}', 'a:-b'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['${NESTED}', '${A}'],
    ['${YAML}', 'x: [1, 2]\n'],
    ['$A $ {A} }', '$A $ {A} }'],
  ])('%s', (text, expanded) => {
    expect(expandOne(text, env)).toBe(expanded);
  });

  it.each(['${', '${}', '${1}', '${A', '${A-x}', '${A B}', '${A:-${B}}'])('says that %s is malformed', (text) => {
    expect(expandReferences({ value: text }, env).malformed).toHaveLength(1);
  });

  it('leaves what is missing as it was written, and names it', () => {
    const tree = expandReferences({ list: ['x', '${B} ${EMPTY}'] }, env);
    expect(tree.root).toEqual({ list: ['x', '${B} ${EMPTY}'] });
    expect(tree.missing).toEqual([
      { path: ['list', 1], variable: 'B', text: 'B is not set' },
      { path: ['list', 1], variable: 'EMPTY', text: 'EMPTY is empty' },
    ]);
  });

  it('knows no variable that only JavaScript knows', () => {
    expect(expandReferences({ value: '${constructor}' }, env).missing).toHaveLength(1);
  });
});

describe('variables', () => {
  it('are asked for only where they are used', () => {
    const config = load({ TOKEN: 'pat-1' });
    expect(config.source('crm')).toMatchObject({ accessToken: 'pat-1', timeoutMs: 5_000 });
    expect(resolveStream(config, 'crm.contacts')).toMatchObject({ chunkRecords: 30_000, rejectLimit: 5 });
    expect(() => config.source('other')).toThrow(
      expect.objectContaining({
        kind: 'ConfigInvalid',
        message: [
          'sluice.yaml:4:27 sources.other.accessToken: OTHER_TOKEN is not set',
          'sluice.yaml:4:56 sources.other.baseUrl: OTHER_URL is not set',
        ].join('\n'),
        next: `set OTHER_TOKEN, OTHER_URL in the environment or in ${join(folder, '.env')}`,
      }),
    );
    expect(() => resolveStream(config, 'crm.deals')).toThrow(
      'sluice.yaml:13:16 pipelines.crm.streams.deals.table: DEALS_TABLE is not set',
    );
  });

  it('are checked when they are used, without being shown', () => {
    const config = load({
      TOKEN: 'pat',
      OTHER_TOKEN: 'pat',
      OTHER_URL: 'secret-but-no-url',
      CHUNK: 'lots',
      REJECTS: '7',
    });
    expect(() => config.source('other')).toThrow(
      /^sluice\.yaml:4:56 sources\.other\.baseUrl: must be a URL, with http:\/\/ or https:\/\/$/,
    );
    expect(() => resolveStream(config, 'crm.contacts')).toThrow(
      /^sluice\.yaml:12:19 pipelines\.crm\.streams\.contacts\.chunkRecords: must be a number, not text$/,
    );
  });

  it('give numbers where numbers are due, within the same bounds', () => {
    expect(load({ TOKEN: 'x', TIMEOUT: '7000' }).source('crm')).toMatchObject({ timeoutMs: 7_000 });
    expect(() => resolveStream(load({ CHUNK: '100' }), 'crm.contacts')).toThrow('chunkRecords: must be at least 20000');
    expect(() => load({ TOKEN: 'x', TIMEOUT: '7000.5' }).source('crm')).toThrow('must be a whole number');
  });

  it('may hold a path, which counts from the config', () => {
    expect(load({ FOLDER: '../elsewhere' }).destination('local')).toMatchObject({
      path: join(folder, '../elsewhere/warehouse.duckdb'),
    });
    expect(load({ FOLDER: '/srv' }).destination('local')).toMatchObject({ path: '/srv/warehouse.duckdb' });
  });

  it('come from .env, under the process environment, and leave that as it was', () => {
    writeFileSync(join(folder, '.env'), '# secrets\nTOKEN="from file"\nTIMEOUT=9000\n');
    const env = { TIMEOUT: '8000' };
    expect(load(env).source('crm')).toMatchObject({ accessToken: 'from file', timeoutMs: 8_000 });
    expect(env).toEqual({ TIMEOUT: '8000' });
    expect(process.env['TOKEN']).toBeUndefined();
  });

  it('are read anew for a secret that is rotated', () => {
    writeFileSync(join(folder, '.env'), 'TOKEN=old\n');
    const config = load();
    const path = ['sources', 'crm', 'accessToken'];
    expect(config.readScalar(path)).toBe('old');
    writeFileSync(join(folder, '.env'), 'TOKEN=new\n');
    expect(config.readScalar(path)).toBe('new');
    rmSync(join(folder, '.env'));
    expect(() => config.readScalar(path)).toThrow('sluice.yaml:3:25 sources.crm.accessToken: TOKEN is not set');
    expect(() => config.readScalar(['sources', 'crm'])).toThrow('sluice.yaml:3:3 sources.crm: must be one value');
  });
});
