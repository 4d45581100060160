import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(lines: readonly string[], env: Readonly<Record<string, string>> = {}, stream = '{}'): LoadedConfig {
  const text = [
    'version: 1',
    'sources: { crm: { kind: hubspot, accessToken: x } }',
    'destinations: { local: { kind: duckdb, path: w.duckdb } }',
    `pipelines: { crm: { source: crm, destination: local, streams: { contacts: ${stream} } } }`,
    ...lines,
  ];
  writeFileSync(join(folder, 'sluice.yaml'), `${text.join('\n')}\n`);
  return loadConfig({ directory: folder, env });
}

const freshness = (lines: readonly string[], stream?: string): number | null =>
  load(lines, {}, stream).stream('crm.contacts').freshnessMs;

describe('how a worker is watched', () => {
  it('is off where nothing is said, or off is', () => {
    const off = { metrics: null, health: null, alerts: null };
    expect(load([]).monitoring()).toEqual(off);
    expect(load(['metrics: off', 'health: { address: off }', 'alerts: off']).monitoring()).toEqual(off);
  });

  it('has addresses, and a webhook for all kinds unless some are named', () => {
    const settings = load([
      'metrics: { address: "127.0.0.1:9464" }',
      'health: { address: "[::1]:8080" }',
      'alerts: { webhook: "https://hooks.example.com/x" }',
    ]).monitoring();
    expect(settings).toEqual({
      metrics: { host: '127.0.0.1', port: 9464 },
      health: { host: '::1', port: 8080 },
      alerts: { webhook: 'https://hooks.example.com/x', on: ['failure', 'rejects', 'approval', 'stale'] },
    });
    expect(load(['alerts: { webhook: "http://a/", on: [stale] }']).monitoring().alerts?.on).toEqual(['stale']);
  });

  it('asks for its variables when a worker starts, and no sooner', () => {
    const lines = ['alerts: { webhook: "${WEBHOOK}" }', 'metrics: { address: "127.0.0.1:${PORT:-9464}" }'];
    const config = load(lines);
    expect(() => config.monitoring()).toThrow(/alerts\.webhook: WEBHOOK is not set/);
    expect(load(lines, { WEBHOOK: 'https://a/', PORT: '1234' }).monitoring()).toMatchObject({
      metrics: { port: 1234 },
      alerts: { webhook: 'https://a/' },
    });
    // What a variable holds is not repeated.
    expect(() => load(lines, { WEBHOOK: 's3cr3t' }).monitoring()).toThrow(
      /must be a URL, with http:\/\/ or https:\/\/$/,
    );
  });

  it.each([
    ['metrics: { address: "9464" }', 'metrics.address: must be off, or host:port such as 127.0.0.1:9464'],
    ['health: { address: "localhost:70000" }', 'health.address: must be off, or host:port such as 127.0.0.1:9464'],
    ['health: { port: 8080 }', 'health.port: unknown key, known here: address'],
    ['alerts: { webhook: "ftp://a/" }', 'alerts.webhook: must be a URL, with http:// or https://'],
    ['alerts: { webhook: "https://a/", on: [] }', 'alerts.on: '],
    ['alerts: { webhook: "https://a/", on: [everything] }', 'alerts.on[0]: '],
  ])('%s is wrong', (line, text) => {
    expect(() => load([line])).toThrow(text);
  });
});

describe('freshness', () => {
  it('is three incremental intervals and ten minutes at least, or off where nothing runs by itself', () => {
    expect(freshness([])).toBe(600_000);
    expect(freshness(['schedules: { incremental: 1h }'])).toBe(3 * 3_600_000);
    expect(freshness(['schedules: { incremental: off }'])).toBeNull();
  });

  it('is what the nearest place says', () => {
    expect(freshness(['freshness: 15m'])).toBe(900_000);
    expect(freshness(['freshness: 15m'], '{ freshness: 20m }')).toBe(1_200_000);
    expect(freshness(['freshness: 15m'], '{ freshness: off }')).toBeNull();
  });

  it('is longer than the interval it watches', () => {
    expect(() => load(['freshness: 2m'])).toThrow('freshness: must be longer than schedules.incremental');
    expect(freshness(['freshness: 2m', 'schedules: off'])).toBe(120_000);
    expect(() => load(['freshness: soon'])).toThrow('freshness: must be off, or a duration');
  });
});
