import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command.ts';

/** What every way of finding the binary is given. */
export interface Search {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
}

const unfinished = 'unfinished-';
const unfinishedKeptMs = 24 * 3_600_000;

/** The folder that holds one folder per version of the binary. */
export function cacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = env['HOME'] ?? homedir();
  const caches =
    env['XDG_CACHE_HOME'] || (platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache'));
  return join(caches, 'sluice', 'temporal');
}

/** The version a binary says it is; rejects unless it runs here and is the Temporal CLI. */
export async function readVersion(path: string, { env, signal }: Search): Promise<string> {
  const said = await runCommand({ command: path, args: ['--version'], timeoutMs: 10_000, env, signal });
  const version = /^temporal version (\S+)/.exec(said)?.[1];
  if (version === undefined) throw new Error(`${path} is not the Temporal CLI`);
  return version;
}

/** The newest cached binary that runs. */
export async function findCached(search: Search): Promise<string> {
  const folder = cacheFolder(search.env, process.platform);
  const names = await readdir(folder).catch(() => []);
  const versions = names
    .filter((name) => !name.startsWith(unfinished))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const reasons: string[] = [];
  for (const version of versions) {
    const path = join(folder, version, 'temporal');
    try {
      await readVersion(path, search);
      return path;
    } catch (error) {
      search.signal.throwIfAborted();
      reasons.push(`${path}: ${(error as Error).message}`);
    }
  }
  throw new Error(reasons.length === 0 ? `nothing in ${folder}` : reasons.join(', '));
}

/**
 * Adds a binary to the cache. `fetchInto` is given an empty folder beside the cached versions and returns the path of the
 * binary it put there; a rename after it has run makes two processes at once harmless. Removes what killed processes left.
 */
export async function addToCache(search: Search, fetchInto: (folder: string) => Promise<string>): Promise<string> {
  const cache = cacheFolder(search.env, process.platform);
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const folder = await mkdtemp(join(cache, unfinished));
  try {
    const fetched = await fetchInto(folder);
    await chmod(fetched, 0o755);
    const version = await readVersion(fetched, search);
    const path = join(cache, version.replaceAll(/[^\w.-]/g, '_'), 'temporal');
    await mkdir(dirname(path), { recursive: true });
    await rename(fetched, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(unfinished)) continue;
    const path = join(cache, name);
    const changedAt = await stat(path).then(
      (found) => found.mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - changedAt > unfinishedKeptMs) await rm(path, { recursive: true, force: true });
  }
}
