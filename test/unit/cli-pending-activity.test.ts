import { randomBytes } from 'node:crypto';
import { ApplicationFailure, type LoadedDataConverter } from '@temporalio/common';
import {
  encodeErrorToFailure,
  encodeToPayloads,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { describe, expect, it } from 'vitest';
import { extractHeartbeat, pendingRetry } from '../../client/pending-activity.ts';
import { dataConverterOf } from '../../codec/data-converter.ts';
import { noKeys } from '../../model/key-ring.ts';

const keyRing = { current: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
const converters: readonly (readonly [string, LoadedDataConverter])[] = [
  ['in plain', loadDataConverter(dataConverterOf(noKeys))],
  ['encrypted', loadDataConverter(dataConverterOf(keyRing))],
];

describe.each(converters)('a step that runs, %s', (name, converter) => {
  it('tells how far it has come', async () => {
    const beat = { sequence: 2, records: 700 };
    const payloads = (await encodeToPayloads(converter, beat)) ?? [];
    expect(Buffer.from(payloads[0]!.data!).includes('records')).toBe(name === 'in plain');
    expect(await extractHeartbeat(converter, { payloads })).toEqual(beat);
    expect(await extractHeartbeat(converter, { payloads: (await encodeToPayloads(converter, null)) ?? [] })).toBeNull();
    expect(await extractHeartbeat(converter, null)).toBeNull();
  });

  it('tells why its last attempt failed', async () => {
    const lastFailure = await encodeErrorToFailure(converter, ApplicationFailure.create({ message: 'out of reach' }));
    expect(lastFailure.message).toBe(name === 'in plain' ? 'out of reach' : 'Encoded failure');
    const activity = { activityType: { name: 'extractChunk' }, attempt: 3, lastFailure };
    const [retry] = await pendingRetry(converter, activity);
    expect(retry).toEqual({ activity: 'extractChunk', attempt: 3, failure: 'out of reach', nextAttemptAt: null });
    expect(await pendingRetry(converter, { ...activity, attempt: 1 })).toEqual([]);
  });
});
