import { describe, expect, it } from 'vitest';
import { patiently } from '../../client/patiently.ts';

const status = (code: number): Error => Object.assign(new Error('from the server'), { code, details: 'busy' });

/** Fails with these, one after another, then answers how often it was asked. */
function server(...failures: readonly Error[]): () => Promise<number> {
  let asked = 0;
  return async () => {
    const failure = failures[asked++];
    if (failure !== undefined) throw failure;
    return asked;
  };
}

describe('asking patiently', () => {
  it.each([4, 9, 14])('asks again after status %d', async (code) => {
    expect(await patiently(server(status(code)), [1, 1])).toBe(2);
  });

  it('asks once after each pause and no more', async () => {
    const last = status(14);
    await expect(patiently(server(status(4), status(9), last), [1, 1])).rejects.toBe(last);
  });

  it('does not ask again what was answered', async () => {
    const refused = status(7);
    await expect(patiently(server(refused), [1])).rejects.toBe(refused);
    const other = new Error('not found');
    await expect(patiently(server(other), [1])).rejects.toBe(other);
  });
});
