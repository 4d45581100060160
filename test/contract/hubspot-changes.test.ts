import { describe, expect, it } from 'vitest';
import { isFrontierEmpty, type Frontier } from '../../model/frontier.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StagedRow } from '../../model/source.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { differingColumns, problemsOf, repeatedIds, truthOf } from '../support/staged-against-truth.ts';

/**
 * Rows that are not one state of their record, whole, that was in force when or after the row was observed. Simulator and
 * source share this machine's clock.
 */
function tornRows(rows: readonly StagedRow[], plan: StreamPlan, simulator: RunningSimulator): string[] {
  return rows.flatMap((row) => {
    const id = row[0]!;
    const observedAt = row.at(-1)!;
    const states = simulator.portal.history('contacts', id)!;
    const isWhole = states.some((state, i) => {
      const endedAt = states[i + 1]?.at;
      const record = { ...state.values, _version: state.version };
      return (
        (endedAt === undefined || endedAt >= observedAt) &&
        state.status === 'live' &&
        differingColumns(row, plan, record).length === 0
      );
    });
    return isWhole ? [] : [id];
  });
}

describe('records that change while HubSpot is read', () => {
  it('are staged as they were at one moment, none before their observed-at', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 6_000 }, latencyMs: 5, jitterMs: 10 });
    const { portal } = hubspot.simulator;
    const plan = await planFor(hubspot.source, 'contacts', { properties: [...fewProperties, 'jobtitle'] });
    let round = 0;
    const timer = setInterval(() => {
      round += 1;
      const values = { company: `company ${round}`, jobtitle: `title ${round}` };
      portal.change('contacts', { count: 300, seed: round, values });
    }, 15);
    const { rows } = await extractAll(hubspot.source, { plan, chunkRecords: 1_500 });
    clearInterval(timer);
    expect(round).toBeGreaterThan(3);
    expect(repeatedIds(rows)).toEqual([]);
    expect(rows).toHaveLength(6_000);
    expect(tornRows(rows, plan, hubspot.simulator)).toEqual([]);
  });

  it('between a page of ids and the batch read of their values are staged as the batch read saw them', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 1_000 } });
    const { portal } = hubspot.simulator;
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const untouched = [...truthOf(hubspot.simulator, plan).keys()];
    const archived: string[] = [];
    let round = 0;
    await using gateway = await startGateway(hubspot.simulator.url, ({ method, path }) => {
      if (method === 'GET' && path.includes('company')) return { status: 414, contentType: 'text/html', body: '' };
      if (path.includes('/batch/read')) {
        round += 1;
        portal.change('contacts', { count: 500, seed: round, values: { company: `company ${round}` } });
        archived.push(...portal.archive('contacts', { count: 2, seed: round }));
      }
      return null;
    });
    const { rows } = await extractAll(hubspot.openSource({ config: { baseUrl: gateway.url } }), { plan });
    expect(round).toBeGreaterThanOrEqual(10);
    expect(tornRows(rows, plan, hubspot.simulator)).toEqual([]);
    expect(repeatedIds(rows)).toEqual([]);
    const staged = new Set(rows.map(([id]) => id));
    const gone = new Set(archived);
    expect(untouched.filter((id) => !gone.has(id) && !staged.has(id))).toEqual([]);
    expect(rows.filter((row) => row[1]?.startsWith('company ')).length).toBeGreaterThan(100);
  });

  it('created, archived and merged around the cursors: all that lived throughout is there, once, and nothing else', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 8_000 }, latencyMs: 5, jitterMs: 10 });
    const { portal } = hubspot.simulator;
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const before = truthOf(hubspot.simulator, plan);
    const created: string[] = [];
    const left = new Set<string>();
    const createOnBoundaries = (frontier: Frontier): void => {
      if (frontier.kind !== 'idRanges') throw new Error('read by one cursor');
      const ids = frontier.ranges
        .flatMap(({ from, to }) => [from, ...(to === null ? [] : [to, String(BigInt(to) - 1n)])])
        .filter((id) => id !== '0' && portal.history('contacts', id) === null);
      created.push(...portal.create('contacts', { ids: [...new Set(ids)] }));
    };
    let seed = 0;
    const timer = setInterval(() => {
      seed += 1;
      created.push(...portal.create('contacts', { count: 20, seed }));
      created.push(...portal.create('contacts', { count: 20, place: 'gaps', seed }));
      for (const id of portal.archive('contacts', { count: 15, seed })) left.add(id);
      const [primary, secondary] = portal.change('contacts', { count: 2, seed }) as [string, string];
      created.push(portal.merge('contacts', primary, secondary));
      left.add(primary).add(secondary);
    }, 10);
    const rows: StagedRow[] = [];
    let { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
    while (!isFrontierEmpty(frontier)) {
      const chunk = await extractChunk(hubspot.source, { plan, frontier, chunkRecords: 1_000 });
      rows.push(...chunk.rows);
      frontier = chunk.frontier;
      if (!isFrontierEmpty(frontier)) createOnBoundaries(frontier);
      if (rows.length > 7_000) clearInterval(timer);
    }
    expect(created.length).toBeGreaterThan(200);
    expect(repeatedIds(rows)).toEqual([]);
    const staged = new Set(rows.map(([id]) => id));
    expect([...before.keys()].filter((id) => !left.has(id) && !staged.has(id))).toEqual([]);
    const known = new Set([...before.keys(), ...created]);
    expect([...staged].filter((id) => !known.has(id!))).toEqual([]);
    expect(tornRows(rows, plan, hubspot.simulator)).toEqual([]);
  });

  it('created beyond the highest id before the end are found', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
    hubspot.simulator.portal.create('contacts', { count: 700 });
    const { rows } = await extractAll(hubspot.source, { plan, frontier });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
  });
});
