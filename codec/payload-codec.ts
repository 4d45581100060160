import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { SyncError } from '../model/errors.ts';
import type { KeyRing } from '../model/key-ring.ts';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const { Payload: ProtoPayload } = proto.temporal.api.common.v1;

/**
 * Encrypts every payload with AES-256-GCM, in the form of Temporal's own samples: `nonce, ciphertext, tag` as data, and the
 * key's id in the metadata. What is not encrypted passes through, so that it can be turned on while runs are open.
 * Decoding throws `ConfigInvalid` with the id of a key that is missing or another one.
 */
export function payloadCodec({ current, keys }: KeyRing): PayloadCodec {
  return {
    encode: async (payloads) => {
      if (current === null) return payloads;
      const key = keys.get(current);
      if (key === undefined) throw missingKey(current);
      return payloads.map((payload) => encrypt(payload, { id: current, key }));
    },
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, keys) : payload)),
  };
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === 'binary/encrypted';
}

function encrypt(payload: Payload, { id, key }: { readonly id: string; readonly key: Uint8Array }): Payload {
  const nonce = randomBytes(nonceBytes);
  const encrypting = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  const plain = ProtoPayload.encode(payload).finish();
  const data = Buffer.concat([nonce, encrypting.update(plain), encrypting.final(), encrypting.getAuthTag()]);
  return {
    metadata: {
      encoding: Buffer.from('binary/encrypted'),
      'encryption-cipher': Buffer.from('AES-256-GCM'),
      'encryption-key-id': Buffer.from(id),
    },
    data,
  };
}

function decrypt({ metadata, data }: Payload, keys: KeyRing['keys']): Payload {
  const id = textOf(metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (key === undefined) throw missingKey(id);
  const bytes = data ?? new Uint8Array();
  const tagAt = bytes.length - tagBytes;
  try {
    const decrypting = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decrypting.setAuthTag(bytes.subarray(tagAt));
    const plain = Buffer.concat([decrypting.update(bytes.subarray(nonceBytes, tagAt)), decrypting.final()]);
    // As plain fields: a protobuf message has accessors that do not survive the way into the workflow's sandbox.
    const { metadata: own, data: content } = ProtoPayload.decode(plain);
    return { metadata: own, data: content };
  } catch (cause) {
    throw new SyncError('ConfigInvalid', `what Temporal keeps does not open with encryption key ${quoted(id)}`, {
      next: `set encryption.keys.${id} to the key that it was encrypted with`,
      cause,
    });
  }
}

function missingKey(id: string): SyncError {
  return new SyncError('ConfigInvalid', `what Temporal keeps is encrypted with key ${quoted(id)}, which is missing`, {
    next: `add it to encryption.keys, and keep it there for as long as Temporal keeps runs`,
  });
}

function quoted(id: string): string {
  return `"${id.replaceAll(/[^\w.-]/g, '?').slice(0, 63)}"`;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}
