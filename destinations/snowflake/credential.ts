import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'snowflake-sdk';
import { SyncError } from '../../model/errors.ts';
import type { SnowflakeConfig } from './config.ts';
import { readPrivateKey } from './private-key.ts';

/** How the user is proved, in words for errors and findings. */
export type CredentialKind =
  'key pair' | 'OAuth token' | 'programmatic access token' | 'workload identity' | 'password';

export function credentialKind(config: SnowflakeConfig): CredentialKind {
  if (config.privateKey !== undefined || config.privateKeyPath !== undefined) return 'key pair';
  if (config.workloadIdentity !== undefined) return 'workload identity';
  if (config.pat !== undefined) return 'programmatic access token';
  return config.password === undefined ? 'OAuth token' : 'password';
}

/**
 * The driver's options for the one credential that config gives. Files are read anew at each login, so that a rotated key or
 * token needs no restart. Raises `ConfigInvalid` before anything is sent.
 */
export async function readCredential(config: SnowflakeConfig): Promise<ConnectionOptions> {
  switch (credentialKind(config)) {
    case 'key pair':
      return { authenticator: 'SNOWFLAKE_JWT', privateKey: await readKey(config) };
    case 'workload identity':
      return {
        authenticator: 'WORKLOAD_IDENTITY',
        workloadIdentityProvider: config.workloadIdentity,
        ...(config.tokenPath === undefined ? {} : { token: await readToken(config.tokenPath) }),
      };
    case 'programmatic access token':
      return { authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token: config.pat };
    case 'OAuth token':
      return { authenticator: 'OAUTH', token: config.token ?? (await readToken(config.tokenPath!)) };
    case 'password':
      return { authenticator: 'SNOWFLAKE', password: config.password };
  }
}

async function readKey({
  privateKey,
  privateKeyPath,
  privateKeyPassphrase: passphrase,
}: SnowflakeConfig): Promise<string> {
  if (privateKey !== undefined) return readPrivateKey({ pem: privateKey, origin: 'privateKey', passphrase });
  const pem = await readText('privateKeyPath', privateKeyPath!);
  return readPrivateKey({ pem, origin: privateKeyPath!, passphrase });
}

async function readToken(path: string): Promise<string> {
  const token = (await readText('tokenPath', path)).trim();
  if (token === '') {
    throw new SyncError('ConfigInvalid', `${path} is empty; tokenPath has to hold a token`, {
      next: 'write the token into it',
    });
  }
  return token;
}

async function readText(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SyncError('ConfigInvalid', `${path} cannot be read (${code})`, {
      next: `correct ${option}, or let this user read that file`,
    });
  }
}
