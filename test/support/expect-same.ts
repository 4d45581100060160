import { expect } from 'vitest';
import type { ObjectType } from '../../simulators/hubspot/object-types.ts';
import type { ChaosWorld } from './chaos-world.ts';

type CompareRequest = NonNullable<Parameters<ChaosWorld['compare']>[1]>;

/** A comparison in which nothing differs. */
export const noDifference = {
  missing: { count: 0, ids: [] },
  extra: { count: 0, ids: [] },
  duplicated: { count: 0, ids: [] },
  tombstones: { count: 0, ids: [] },
  unerased: { count: 0, ids: [] },
  differing: [],
};

/** Asserts that a table is its object: live rows value for value, tombstones by what became of their records. */
export async function expectSame(world: ChaosWorld, table = 'contacts', request: CompareRequest = {}): Promise<void> {
  const comparison = await world.compare(table, request);
  expect(comparison).toMatchObject(noDifference);
  expect(comparison.liveRows).toBe(world.simulator.portal.count((request.object ?? table) as ObjectType).live);
  expect(comparison.comparedValues).toBeGreaterThan(comparison.liveRows * 5);
}

/** Asserts that the live associations of a table are those of the source, each once. */
export async function expectSameAssociations(world: ChaosWorld, from: string, to: string): Promise<void> {
  const comparison = await world.compareAssociations(from, to);
  expect(comparison).toMatchObject({ missing: { count: 0 }, extra: { count: 0 }, duplicated: { count: 0 } });
  expect(comparison.liveLinks).toBeGreaterThan(0);
}
