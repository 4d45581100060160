import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { payloadCodec } from '../../codec/payload-codec.ts';
import { SyncError } from '../../model/errors.ts';
import { noKeys, type KeyRing } from '../../model/key-ring.ts';

const k1 = randomBytes(32);
const k2 = randomBytes(32);
const ring = (current: string | null, keys: Readonly<Record<string, Uint8Array>>): KeyRing => ({
  current,
  keys: new Map(Object.entries(keys)),
});
const plain = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload!);
const metadataText = (payload: Payload, name: string): string => Buffer.from(payload.metadata![name]!).toString();

async function failureOf(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SyncError);
  expect((error as SyncError).kind).toBe('ConfigInvalid');
  return error as SyncError;
}

describe('the payload codec', () => {
  it('encrypts every payload by the current key, named in its metadata, and gives back exactly what it was', async () => {
    const codec = payloadCodec(ring('k1', { k1 }));
    const payloads = [{ stream: 'crm.contacts' }, null, undefined, '', new Uint8Array([0, 255]), 'ü'.repeat(5_000)].map(
      plain,
    );
    const encrypted = await codec.encode(payloads);
    for (const payload of encrypted) {
      expect(Object.keys(payload.metadata!).sort()).toEqual(['encoding', 'encryption-cipher', 'encryption-key-id']);
      expect(metadataText(payload, 'encoding')).toBe('binary/encrypted');
      expect(metadataText(payload, 'encryption-key-id')).toBe('k1');
      expect(Buffer.from(payload.data!).includes('crm.contacts')).toBe(false);
    }
    const decrypted = await codec.decode(encrypted);
    expect(decrypted.map(valueOf)).toEqual(payloads.map(valueOf));
  });

  it('encrypts the same twice into two different texts', async () => {
    const codec = payloadCodec(ring('k1', { k1 }));
    const [first, second] = await codec.encode([plain('same'), plain('same')]);
    expect(Buffer.from(first!.data!).equals(Buffer.from(second!.data!))).toBe(false);
  });

  it('opens what an older key encrypted, and encrypts by the new one', async () => {
    const old = await payloadCodec(ring('k1', { k1 })).encode([plain('old')]);
    const rotated = payloadCodec(ring('k2', { k1, k2 }));
    expect((await rotated.decode(old)).map(valueOf)).toEqual(['old']);
    const [fresh] = await rotated.encode([plain('new')]);
    expect(metadataText(fresh!, 'encryption-key-id')).toBe('k2');
  });

  it('passes through what is not encrypted, and encrypts nothing without a current key', async () => {
    const payloads = [plain('as it was')];
    expect(await payloadCodec(ring('k1', { k1 })).decode(payloads)).toEqual(payloads);
    const off = payloadCodec(ring(null, { k1 }));
    expect(await off.encode(payloads)).toEqual(payloads);
    const encrypted = await payloadCodec(ring('k1', { k1 })).encode(payloads);
    expect((await off.decode(encrypted)).map(valueOf)).toEqual(['as it was']);
  });

  it('names the key that is missing, and what to do', async () => {
    const encrypted = await payloadCodec(ring('k1', { k1 })).encode([plain('secret')]);
    for (const keys of [noKeys, ring('k2', { k2 })]) {
      const { message, next } = await failureOf(payloadCodec(keys).decode(encrypted));
      expect(message).toBe('what Temporal keeps is encrypted with key "k1", which is missing');
      expect(next).toContain('encryption.keys');
    }
    await failureOf(payloadCodec(ring('k3', { k1 })).encode([plain('secret')]));
  });

  it('opens nothing with another key under the same id, and nothing that was changed or cut', async () => {
    const codec = payloadCodec(ring('k1', { k1 }));
    const [encrypted] = await codec.encode([plain('secret')]);
    const { message } = await failureOf(payloadCodec(ring('k1', { k1: k2 })).decode([encrypted!]));
    expect(message).toBe('what Temporal keeps does not open with encryption key "k1"');
    const data = Buffer.from(encrypted!.data!);
    for (const at of [0, 12, data.length - 1]) {
      const changed = Buffer.from(data);
      changed[at]! ^= 1;
      await failureOf(codec.decode([{ ...encrypted, data: changed }]));
    }
    for (const length of [0, 5, 12, 27])
      await failureOf(codec.decode([{ ...encrypted, data: data.subarray(0, length) }]));
  });
});
