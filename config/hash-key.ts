import type { SyncError } from '../model/errors.ts';
import { configInvalid } from './problem.ts';
import type { Environment } from './references.ts';

const variable = 'SLUICE_HASH_KEY';
/** 16 characters of base64 hold 96 bits. */
const leastLength = 16;

/** The key of hashed columns. Throws `ConfigInvalid` where it is not set or too short; `dotEnv` is where it may be set. */
export function readHashKey(environment: Environment, dotEnv: string): string {
  const key = environment[variable] ?? '';
  if (key === '') throw invalid('is not set, and a stream hashes columns', dotEnv);
  if (key.length < leastLength) throw invalid(`is shorter than ${leastLength} characters`, dotEnv);
  return key;
}

function invalid(text: string, dotEnv: string): SyncError {
  return configInvalid(
    [`the variable ${variable} ${text}`],
    `set it in the environment or in ${dotEnv}, once: under another key equal values hash differently`,
  );
}
