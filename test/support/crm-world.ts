import { ChaosWorld, type ChaosWorldOptions } from './chaos-world.ts';

/** Companies first: which of them are live decides about associations. */
export const crmKinds = ['companies', 'contacts'] as const;

/** The index may trail by this, and never by more. */
export const longestLagMs = 2_000;

const horizonMs = 4_000;

/** After this a change is older than the horizon, by a clock that tells whole seconds. */
export const settledAfterMs = horizonMs + 1_500;

/** Windows as narrow as the lag allows, so that a change is missed at once if it can be missed. */
const options = {
  incremental: { overlap: '1s', horizon: `${horizonMs / 1_000}s`, settledEvery: '1s' },
  // Reconciliation is to find what is left at the end: nobody calls it before.
  reconcile: { earliest: '30d' },
};

/** Contacts, companies and their associations, in small chunks, behind an index that trails. */
export async function openCrmWorld({
  companies,
  ...rest
}: ChaosWorldOptions & { readonly companies: number }): Promise<ChaosWorld> {
  const { chunkRecords } = rest;
  const world = await ChaosWorld.open({
    ...rest,
    records: { companies },
    stream: options,
    streams: { companies: { chunkRecords, ...options } },
    simulator: {
      latencyMs: 20,
      jitterMs: 20,
      search: { lagMs: 1_000, slowShare: 0.2, slowLagMs: longestLagMs },
      initialAssociations: { 'contacts>companies': 2 },
    },
  });
  // As in many accounts; without it contacts tell of their losers by the other property alone.
  world.simulator.portal.addProperty('contacts', { name: 'hs_calculated_merged_vids', type: 'string', value: null });
  return world;
}
