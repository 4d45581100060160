import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { KeyRing } from '../model/key-ring.ts';
import { suggestName } from '../model/nearest-name.ts';
import { configInvalid, type Problem } from './problem.ts';

const keySource = z.union([z.string().min(1), z.strictObject({ file: z.string().min(1) })], {
  error: 'must be ${NAME}, or { file: path }',
});

const keyId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, {
  error: 'a key id must be letters, digits, _, . or -, at most 63 long',
});

export const encryptionSchema = z.strictObject({
  current: z.string().min(1).optional().describe('Id of the key that encrypts; default: none, and keys only decrypt'),
  keys: z.record(keyId, keySource).describe('Keys by id: ${NAME} or { file: path }, base64 of 32 bytes each'),
});

export type EncryptionOptions = z.infer<typeof encryptionSchema>;

/** What its schema cannot tell. `isReference` says whether a key's text came out of a variable. */
export function checkEncryption(
  { current, keys }: EncryptionOptions,
  isReference: (path: Problem['path']) => boolean,
): Problem[] {
  const written = Object.entries(keys)
    .map(([id, source]) => ({ source, path: ['encryption', 'keys', id] }))
    .filter(({ source, path }) => typeof source === 'string' && !isReference(path))
    .map(({ path }) => ({ path, text: 'a key must not stand in the config; write ${NAME}, or { file: path }' }));
  const isKnown = current === undefined || Object.hasOwn(keys, current);
  return isKnown
    ? written
    : [
        ...written,
        { path: ['encryption', 'current'], text: `no such key, ${suggestName(current, Object.keys(keys))}` },
      ];
}

/** The keys themselves. Relative paths count from `folder`. Throws `ConfigInvalid`, which never repeats a key. */
export function readKeyRing({ current, keys }: EncryptionOptions, folder: string): KeyRing {
  const read = Object.entries(keys).map(([id, source]): [string, Uint8Array] => [
    id,
    keyOf(typeof source === 'string' ? source : readKeyFile(resolve(folder, source.file), id), id),
  ]);
  return { current: current ?? null, keys: new Map(read) };
}

const base64Of32Bytes = /^[A-Za-z0-9+/]{43}=?$/;

function keyOf(text: string, id: string): Uint8Array {
  const trimmed = text.trim();
  if (!base64Of32Bytes.test(trimmed)) throw invalidKey(id, 'must be base64 of 32 bytes');
  return Buffer.from(trimmed, 'base64');
}

function readKeyFile(path: string, id: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalidKey(id, `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function invalidKey(id: string, text: string): Error {
  return configInvalid([`encryption.keys.${id}: ${text}`], 'make a key with: openssl rand -base64 32');
}
