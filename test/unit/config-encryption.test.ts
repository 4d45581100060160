import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import { SyncError } from '../../model/errors.ts';
import { noKeys } from '../../model/key-ring.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-encryption-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = randomBytes(32).toString('base64');

function load(encryption: object | null, env: Readonly<Record<string, string>> = {}): LoadedConfig {
  const config = {
    version: 1,
    sources: { crm: { kind: 'hubspot', accessToken: 'token' } },
    destinations: { local: { kind: 'duckdb', path: './warehouse.duckdb' } },
    pipelines: { crm: { source: 'crm', destination: 'local', streams: { contacts: {} } } },
    ...(encryption === null ? {} : { encryption }),
  };
  writeFileSync(join(folder, 'sluice.yaml'), JSON.stringify(config));
  return loadConfig({ directory: folder, env });
}

function textOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect((error as SyncError).kind).toBe('ConfigInvalid');
    const { message, next } = error as SyncError;
    expect(`${message} ${next}`).not.toContain(key.slice(0, 12));
    return `${message}; ${next}`;
  }
  throw new Error('nothing was thrown');
}

describe('encryption in config', () => {
  it('is off unless said', () => {
    expect(load(null).keyRing()).toBe(noKeys);
  });

  it('takes keys from the environment and from files beside the config', () => {
    writeFileSync(join(folder, 'k2.key'), `${key}\n`);
    const ring = load({ current: 'k2', keys: { k1: '${KEY_1}', k2: { file: './k2.key' } } }, { KEY_1: key }).keyRing();
    expect(ring.current).toBe('k2');
    expect([...ring.keys].map(([id, bytes]) => [id, Buffer.from(bytes).toString('base64')])).toEqual([
      ['k1', key],
      ['k2', key],
    ]);
  });

  it('without a current key only opens', () => {
    expect(load({ keys: { k1: '${KEY_1}' } }, { KEY_1: key }).keyRing().current).toBeNull();
  });

  it('asks for the keys when they are used, and names the variable that is missing', () => {
    const config = load({ current: 'k1', keys: { k1: '${KEY_1}' } });
    expect(config.streamNames).toEqual(['crm.contacts']);
    expect(textOf(() => config.keyRing())).toMatch(
      /encryption\.keys\.k1: KEY_1 is not set; set KEY_1 in the environment/,
    );
  });

  it('refuses a key that stands in the file', () => {
    expect(textOf(() => load({ current: 'k1', keys: { k1: key } }))).toMatch(
      /encryption\.keys\.k1: a key must not stand in the config; write \$\{NAME\}, or \{ file: path \}/,
    );
  });

  it('refuses a current key that is none of the keys', () => {
    expect(textOf(() => load({ current: 'k2', keys: { k1: '${KEY_1}' } }, { KEY_1: key }))).toMatch(
      /encryption\.current: no such key, did you mean k1\?/,
    );
  });

  it.each([
    ['of another length', randomBytes(16).toString('base64')],
    ['that is no base64', 'x'.repeat(42) + '!!'],
  ])('refuses a key %s, by its id alone', (_, wrong) => {
    const config = load({ current: 'k1', keys: { k1: '${KEY_1}' } }, { KEY_1: wrong });
    expect(textOf(() => config.keyRing())).toBe(
      'encryption.keys.k1: must be base64 of 32 bytes; make a key with: openssl rand -base64 32',
    );
  });

  it('refuses a key file that is not there, and what is neither variable nor file', () => {
    const config = load({ current: 'k1', keys: { k1: { file: './none' } } });
    expect(textOf(() => config.keyRing())).toMatch(/encryption\.keys\.k1: .*none cannot be read \(ENOENT\)/);
    expect(textOf(() => load({ keys: { k1: 7 } }))).toContain('encryption.keys.k1: must be ${NAME}, or { file: path }');
    expect(textOf(() => load({ keys: { k1: '${KEY_1}' }, keyFile: 'x' }))).toContain('unknown key');
  });
});
