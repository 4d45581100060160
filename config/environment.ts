import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { SyncError } from '../model/errors.ts';
import type { Environment } from './references.ts';

/** The variables a config may use: `.env` in the config's folder, and over it the process environment. Changes neither. */
export function readEnvironment(folder: string, processEnvironment: Environment): Environment {
  return { ...readDotEnv(join(folder, '.env')), ...processEnvironment };
}

function readDotEnv(path: string): Environment {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new SyncError('ConfigInvalid', `${path} cannot be read (${code})`, {
      next: 'make it a readable file, or remove it',
      cause: error,
    });
  }
}
