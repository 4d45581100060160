import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announceDevServer, readDevServer, type DevServer } from '../../client/dev-server.ts';
import { chooseTemporalAddress } from '../../client/temporal-address.ts';

const devServer: DevServer = {
  address: '127.0.0.1:7777',
  uiUrl: 'http://127.0.0.1:8777',
  pid: process.pid,
  startedAt: '2026-11-20T16:00:00.000Z',
  taskQueue: 'sluice',
};

describe('where Temporal is sought', () => {
  const all = { environment: 'env:1', config: 'config:2', devServer, profile: 'profile:4' };

  it.each([
    ['TEMPORAL_ADDRESS', all, 'env:1'],
    ['the config', { ...all, environment: undefined }, 'config:2'],
    ['sluice dev', { ...all, environment: '', config: undefined }, '127.0.0.1:7777'],
    ['the Temporal profile', { ...all, environment: undefined, config: undefined, devServer: null }, 'profile:4'],
    ['default', { environment: undefined, config: undefined, devServer: null, profile: undefined }, '127.0.0.1:7233'],
  ])('%s', (origin, candidates, address) => {
    expect(chooseTemporalAddress(candidates)).toMatchObject({ origin, address });
  });

  it('knows the UI of sluice dev alone', () => {
    expect(chooseTemporalAddress({ ...all, environment: undefined, config: undefined }).uiUrl).toBe(devServer.uiUrl);
    expect(chooseTemporalAddress(all).uiUrl).toBeNull();
  });
});

describe('the file of sluice dev', () => {
  let dataDir = '';
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sluice-dev-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is found while its process lives, and is gone when taken back', () => {
    const withdraw = announceDevServer(dataDir, devServer);
    expect(readDevServer(dataDir)).toEqual(devServer);
    withdraw();
    expect(readDevServer(dataDir)).toBeNull();
  });

  it('counts for nothing when its process is gone, and can be replaced', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    announceDevServer(dataDir, { ...devServer, pid });
    expect(readDevServer(dataDir)).toBeNull();
    announceDevServer(dataDir, devServer);
    expect(readDevServer(dataDir)?.pid).toBe(process.pid);
  });

  it.each(['', '{', '{"address": 7}', '[]'])('counts for nothing when it reads %j', (text) => {
    writeFileSync(join(dataDir, 'dev.json'), text);
    expect(readDevServer(dataDir)).toBeNull();
  });
});
