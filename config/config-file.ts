import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { SyncError } from '../model/errors.ts';

/** Sought in this order. */
export const defaultConfigNames = ['sluice.yaml', 'sluice.yml'] as const;

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** Relative paths in the config count from here; `.env` is sought here. */
  readonly folder: string;
  /** How errors name the file: from the current directory where it is below that. */
  readonly shownAs: string;
  readonly text: string;
}

/** Reads the config named, else `sluice.yaml`, else `sluice.yml` in `directory`. Throws `ConfigInvalid` when there is none. */
export function readConfigFile(named: string | undefined, directory: string): ConfigFile {
  for (const name of named === undefined ? defaultConfigNames : [named]) {
    const path = resolve(directory, name);
    const text = readText(path);
    if (text !== null) return { path, folder: dirname(path), shownAs: shownPath(path, directory), text };
  }
  throw new SyncError('ConfigInvalid', `there is no ${named ?? join(directory, defaultConfigNames[0])}`, {
    next: 'sluice init makes one, or name a config with --config',
  });
}

/** A file that is not written yet, to be judged before it is. */
export function unwrittenConfigFile(path: string, text: string, directory: string): ConfigFile {
  const absolute = resolve(directory, path);
  return { path: absolute, folder: dirname(absolute), shownAs: shownPath(absolute, directory), text };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new SyncError('ConfigInvalid', `${path} cannot be read (${code})`, {
      next: 'name a readable file with --config',
      cause: error,
    });
  }
}

function shownPath(path: string, directory: string): string {
  const below = relative(directory, path);
  return below.startsWith('..') || isAbsolute(below) ? path : below;
}
