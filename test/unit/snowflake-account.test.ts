import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loginName, parseAccount } from '../../destinations/snowflake/account.ts';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { credentialKind, readCredential } from '../../destinations/snowflake/credential.ts';
import { readPrivateKey } from '../../destinations/snowflake/private-key.ts';

describe('an account', () => {
  it.each([
    ['myorg-myaccount', 'myorg-myaccount.snowflakecomputing.com', 'myorg-myaccount'],
    ['MyOrg-My_Account', 'myorg-my-account.snowflakecomputing.com', 'myorg-my_account'],
    ['xy12345', 'xy12345.snowflakecomputing.com', 'xy12345'],
    ['xy12345.eu-central-1', 'xy12345.eu-central-1.snowflakecomputing.com', 'xy12345'],
    ['xy12345.east-us-2.azure', 'xy12345.east-us-2.azure.snowflakecomputing.com', 'xy12345'],
    ['https://myorg-myaccount.snowflakecomputing.com', 'myorg-myaccount.snowflakecomputing.com', 'myorg-myaccount'],
    [' xy12345.eu-central-1.snowflakecomputing.com/ ', 'xy12345.eu-central-1.snowflakecomputing.com', 'xy12345'],
    [
      'https://app.snowflake.com/myorg/my_account/#/homepage',
      'myorg-my-account.snowflakecomputing.com',
      'myorg-my_account',
    ],
    ['xy12345.cn-north-1', 'xy12345.cn-north-1.snowflakecomputing.cn', 'xy12345'],
    ['myaccount-ext123.global', 'myaccount-ext123.global.snowflakecomputing.com', 'myaccount'],
  ])('%j is reached at %s, and logs in as %s', (text, host, name) => {
    const account = parseAccount(text)!;
    expect(account.host).toBe(host);
    expect(loginName(account)).toBe(name);
    // Whatever is written is the same in plans and ledgers.
    expect(parseAccount(account.name)).toEqual(account);
    expect(parseAccount(account.host)!.identity).toBe(account.identity);
  });

  it.each(['', 'my account', 'https://example.com/path', 'a..b', '-x', 'x/y', 'app.snowflake.com', 'a@b'])(
    '%j is none',
    (text) => expect(parseAccount(text)).toBeNull(),
  );
});

const given = { kind: 'snowflake', account: 'myorg-myaccount', username: 'u', database: 'd', warehouse: 'w' };

describe('a credential', () => {
  const problem = (options: object) =>
    snowflakeConfig.safeParse({ ...given, ...options }).error?.issues.map(({ message }) => message) ?? [];

  it.each([
    [{}, 'needs a credential: one of privateKeyPath, privateKey, token, tokenPath, pat, password or workloadIdentity'],
    [{ password: 'x', pat: 'y' }, 'has pat and password: give one of them'],
    [{ token: 'x', workloadIdentity: 'AWS' }, 'has token and workloadIdentity: give one of them'],
    [{ workloadIdentity: 'OIDC' }, 'needs tokenPath beside workloadIdentity: OIDC'],
    [{ password: 'x', privateKeyPassphrase: 'y' }, 'has privateKeyPassphrase without a private key'],
    [{ pat: 'x', warehouse: undefined }, 'needs a warehouse, or warehouses by what they do'],
    [{ pat: 'x', warehouses: { backfill: 'a', incremental: 'b' } }, 'has warehouse and warehouses: give one of them'],
  ])('%j is not enough, or too much', (options, message) => {
    expect(problem(options)).toEqual([message]);
  });

  it.each([
    [{ privateKey: 'k' }, 'key pair'],
    [{ privateKeyPath: 'k', privateKeyPassphrase: 'p' }, 'key pair'],
    [{ token: 't' }, 'OAuth token'],
    [{ tokenPath: 't' }, 'OAuth token'],
    [{ pat: 't' }, 'programmatic access token'],
    [{ workloadIdentity: 'AWS' }, 'workload identity'],
    [{ workloadIdentity: 'OIDC', tokenPath: 't' }, 'workload identity'],
    [{ password: 'p' }, 'password'],
  ])('%j is a %s', (options, kind) => {
    expect(credentialKind(snowflakeConfig.parse({ ...given, ...options }))).toBe(kind);
  });

  it('in a file is read anew at each login', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-token-'));
    try {
      const tokenPath = join(folder, 'token');
      const config = snowflakeConfig.parse({ ...given, tokenPath });
      await expect(readCredential(config)).rejects.toMatchObject({
        kind: 'ConfigInvalid',
        message: `${tokenPath} cannot be read (ENOENT)`,
      });
      writeFileSync(tokenPath, ' \n');
      await expect(readCredential(config)).rejects.toThrow(`${tokenPath} is empty`);
      writeFileSync(tokenPath, 'first\n');
      expect(await readCredential(config)).toEqual({ authenticator: 'OAUTH', token: 'first' });
      writeFileSync(tokenPath, 'second\n');
      expect(await readCredential(config)).toEqual({ authenticator: 'OAUTH', token: 'second' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a private key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const plain = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const encrypted = privateKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    .toString();
  const read = (pem: string, passphrase?: string) => readPrivateKey({ pem, origin: 'key.p8', passphrase });

  it('is taken as it is, encrypted, or with its line ends written out', () => {
    expect(read(plain)).toBe(plain);
    expect(read(encrypted, 'open sesame')).toBe(plain);
    expect(read(plain.replaceAll('\n', '\\n'))).toBe(plain);
    // One that a person left beside a key without need.
    expect(read(plain, 'open sesame')).toBe(plain);
  });

  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  it.each([
    [
      'PKCS#1',
      privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
      'key.p8 is a PKCS#1 key; Snowflake takes PKCS#8',
      /^convert it: openssl pkcs8/,
    ],
    [
      'the public one',
      publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      'key.p8 is the public key',
      /^give the private one/,
    ],
    [
      'OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n',
      'key.p8 is an OpenSSH key; Snowflake takes PKCS#8',
      /ssh-keygen/,
    ],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n', 'key.p8 is a certificate', /private key/],
    ['no PEM', 'ssh-rsa AAAAB3', 'key.p8 is no key in PEM form', /-----BEGIN/],
    ['damaged', plain.slice(0, 400), 'key.p8 is damaged: its text is no key', /copy the whole file/],
    [
      'not RSA',
      curve.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'key.p8 is a key of type ec; Snowflake takes RSA here',
      /openssl genrsa/,
    ],
    [
      'short',
      short.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'key.p8 has 1024 bits; Snowflake takes 2048 or more',
      /openssl genrsa/,
    ],
  ])('that is %s is told apart before anything is sent', (_, pem, message, next) => {
    expect(() => read(pem)).toThrow(
      expect.objectContaining({ kind: 'ConfigInvalid', message, next: expect.stringMatching(next) }),
    );
  });

  it('needs the right passphrase, which no error repeats', () => {
    expect(() => read(encrypted)).toThrow('key.p8 is an encrypted key, and privateKeyPassphrase is not given');
    expect(() => read(encrypted, 'open barley')).toThrow(/^key.p8 does not open with this privateKeyPassphrase$/);
  });
});
