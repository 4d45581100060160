import { constants, crc32, gunzipSync, inflateRawSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { FixedDeflate } from '../../../simulators/hubspot/fixed-deflate.ts';
import { createRandom } from '../../../simulators/hubspot/seeded-random.ts';
import { startForTest } from './api-client.ts';

describe('fixed deflate', () => {
  it('writes any bytes and any match so that zlib reads them back', () => {
    const random = createRandom(11);
    const text = Buffer.alloc(120_000);
    const deflate = new FixedDeflate();
    deflate.begin();
    let at = 0;
    while (at < 110_000) {
      if (at > 0 && random.chance(0.5)) {
        const distance = random.between(1, Math.min(at, 32_768));
        const length = random.pick([3, 4, 10, 11, 130, 257, 258, 259, 260, 261, 516, 517, random.between(3, 1_000)]);
        for (let i = 0; i < length; i++) text[at + i] = text[at + i - distance] as number;
        deflate.match(length, distance);
        at += length;
      } else {
        const length = random.between(1, 40);
        for (let i = 0; i < length; i++) text[at + i] = random.below(256);
        deflate.literals(text, at, at + length);
        at += length;
      }
    }
    const expected = text.subarray(0, at);
    const member = deflate.end({ crc32: crc32(expected), sizeBytes: at });
    expect(gunzipSync(member).equals(expected)).toBe(true);
  });

  it('can be used again, and ends on the last byte of its member', () => {
    const deflate = new FixedDeflate();
    for (const text of ['', 'a', 'ä'.repeat(70_000)]) {
      const bytes = Buffer.from(text);
      deflate.begin();
      deflate.literals(bytes, 0, bytes.length);
      const member = deflate.end({ crc32: crc32(bytes), sizeBytes: bytes.length });
      const raw = inflateRawSync(member.subarray(10, -8), { finishFlush: constants.Z_FINISH });
      expect(raw.equals(bytes)).toBe(true);
    }
  });
});

describe('a page as gzip', () => {
  it('is the page as identity, wherever it starts and whatever it shows', async () => {
    const simulator = await startForTest({ records: { contacts: 3_000, notes: 200 } });
    simulator.portal.change('contacts', { count: 400, seed: 5 });
    const read = async (path: string, encoding: string): Promise<{ encoding: string | null; text: string }> => {
      const response = await fetch(simulator.url + path, {
        headers: { authorization: 'Bearer pat-na1-simulator', 'accept-encoding': encoding },
      });
      return { encoding: response.headers.get('content-encoding'), text: await response.text() };
    };
    const all = [...simulator.portal.data('contacts').catalogue.properties].map((spec) => spec.name);
    const random = createRandom(3);
    for (let i = 0; i < 60; i++) {
      const properties = i % 3 === 0 ? all : all.filter(() => random.chance(0.3));
      const after = simulator.portal.data('contacts').store.idAt(random.below(2_900));
      const query = `limit=${random.between(1, 100)}&after=${after}&properties=${properties.join()}`;
      const path =
        i % 5 === 4 ? '/crm/v3/objects/notes?limit=100&properties=hs_note_body' : `/crm/v3/objects/contacts?${query}`;
      const gzip = await read(path, 'gzip, deflate');
      const identity = await read(path, 'identity');
      expect([gzip.encoding, identity.encoding]).toEqual(['gzip', null]);
      expect(gzip.text).toBe(identity.text);
      expect(() => JSON.parse(gzip.text) as unknown).not.toThrow();
    }
  });
});
