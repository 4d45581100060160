import { createPrivateKey } from 'node:crypto';
import { SyncError } from '../../model/errors.ts';

/** Where a key comes from, for errors: a path, or the option that holds it. */
interface PrivateKeyRequest {
  readonly pem: string;
  readonly origin: string;
  readonly passphrase: string | undefined;
}

const convert = 'openssl pkcs8 -topk8 -inform PEM -in <key> -out rsa_key.p8';
const create = 'openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -out rsa_key.p8';

/**
 * The key as the driver takes it: PKCS#8, decrypted. Raises `ConfigInvalid` for anything that Snowflake would refuse, since
 * its own answer to a wrong key is only that the token is invalid.
 */
export function readPrivateKey({ pem, origin, passphrase }: PrivateKeyRequest): string {
  // A key in an environment variable often has its line ends written out.
  const text = pem.replaceAll('\\n', '\n').trim();
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  const problem = problemOfLabel(label);
  if (problem !== null) throw invalid(`${origin} ${problem.text}`, problem.next);

  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY';
  if (isEncrypted && passphrase === undefined) {
    throw invalid(`${origin} is an encrypted key, and privateKeyPassphrase is not given`, 'set privateKeyPassphrase');
  }
  const key = parse(text, isEncrypted ? passphrase : undefined);
  if (key === null) {
    throw isEncrypted
      ? invalid(`${origin} does not open with this privateKeyPassphrase`, 'correct privateKeyPassphrase')
      : invalid(`${origin} is damaged: its text is no key`, 'copy the whole file again, with all its lines');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== 'rsa')
    throw invalid(`${origin} is a key of type ${type}; Snowflake takes RSA here`, `make one: ${create}`);
  if ((details?.modulusLength ?? 0) < 2048) {
    throw invalid(`${origin} has ${details?.modulusLength} bits; Snowflake takes 2048 or more`, `make one: ${create}`);
  }
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function problemOfLabel(label: string | undefined): { text: string; next: string } | null {
  switch (label) {
    case 'PRIVATE KEY':
    case 'ENCRYPTED PRIVATE KEY':
      return null;
    case undefined:
      return { text: 'is no key in PEM form', next: 'give the .p8 file that begins with -----BEGIN' };
    case 'RSA PRIVATE KEY':
      return { text: 'is a PKCS#1 key; Snowflake takes PKCS#8', next: `convert it: ${convert}` };
    case 'OPENSSH PRIVATE KEY':
      return {
        text: 'is an OpenSSH key; Snowflake takes PKCS#8',
        next: 'convert a copy of it: ssh-keygen -p -m PKCS8 -f <copy>',
      };
    case 'PUBLIC KEY':
    case 'RSA PUBLIC KEY':
      return {
        text: 'is the public key',
        next: 'give the private one; the public one belongs to the user in Snowflake',
      };
    case 'CERTIFICATE':
      return { text: 'is a certificate', next: 'give the private key' };
    default:
      return { text: `is a ${label}; Snowflake takes an RSA key as PKCS#8`, next: `make one: ${create}` };
  }
}

function parse(pem: string, passphrase: string | undefined) {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // What OpenSSL says of it names no option of ours; its code differs by version.
    return null;
  }
}

function invalid(text: string, next: string): SyncError {
  return new SyncError('ConfigInvalid', text, { next });
}
