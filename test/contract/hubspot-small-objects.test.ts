import { describe, expect, it } from 'vitest';
import type { StreamPlan } from '../../model/plan.ts';
import { stagedColumns } from '../../model/plan.ts';
import type { StagedRow } from '../../model/source.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';

const never = new AbortController().signal;

const wholePages = { kind: 'pages', after: null, done: false, remaining: null } as const;

/** Rows as objects, without what differs from read to read. */
function valuesOf(rows: readonly StagedRow[], plan: StreamPlan): Record<string, string | null>[] {
  const columns = stagedColumns(plan);
  return rows.map((row) =>
    Object.fromEntries(columns.flatMap((column, i) => (column === '_observed_at' ? [] : [[column, row[i] ?? null]]))),
  );
}

async function readWhole(hubspot: HubSpotUnderTest, object: string): Promise<Record<string, string | null>[]> {
  const plan = await planFor(hubspot.source, object);
  const { rows } = await extractAll(hubspot.source, { plan });
  return valuesOf(rows, plan);
}

describe.concurrent('HubSpot owners', () => {
  it('are read whole, 500 a page, with the fields of their JSON', async () => {
    await using hubspot = await startHubSpot({ records: {}, owners: 1_200 });
    const rows = await readWhole(hubspot, 'owners');
    const live = hubspot.simulator.portal.owners.all().filter(({ archived }) => !archived);
    expect(live).toHaveLength(1_120);
    expect(rows.toSorted((a, b) => Number(a['id']) - Number(b['id']))).toEqual(
      live
        .map((owner) => ({
          id: owner.id,
          archived: 'false',
          createdat: owner.createdAt,
          email: owner.email,
          firstname: owner.firstName,
          lastname: owner.lastName,
          teams: JSON.stringify(owner.teams),
          type: owner.type,
          updatedat: owner.updatedAt,
          userid: String(owner.userId),
          _version: owner.updatedAt,
        }))
        .toSorted((a, b) => Number(a.id) - Number(b.id)),
    );
    const asked = hubspot.simulator.stats.snapshot()['owners']!;
    // One to describe, one for the clock, three pages.
    expect(asked.requests).toBe(5);
  });

  it('who left become tombstones without an instant', async () => {
    await using hubspot = await startHubSpot({ records: {}, owners: 45 });
    const plan = await planFor(hubspot.source, 'owners');
    const left = hubspot.simulator.portal.owners.all().filter(({ archived }) => archived);
    expect(left).toHaveLength(3);
    for (const frontier of [
      { kind: 'archivedPages', after: null, done: false },
      { kind: 'archivedRanges', ranges: [{ from: '0', to: null }] },
    ] as const) {
      const { tombstones, rows, chunks } = await extractAll(hubspot.source, { plan, frontier });
      expect(tombstones).toEqual(left.map(({ id }) => [id, 'archived', null, null, expect.any(String)]));
      expect([rows.length, chunks[0]!.records]).toEqual([0, 3]);
    }
  });

  it('named one by one are found in the list, and where they are not there, in the bin', async () => {
    await using hubspot = await startHubSpot({ records: {}, owners: 45 });
    const plan = await planFor(hubspot.source, 'owners');
    const all = hubspot.simulator.portal.owners.all();
    const [live, gone] = [all[0]!.id, all.find(({ archived }) => archived)!.id];
    const frontier = { kind: 'ids', ids: [live, gone, '404'] } as const;
    const passed = await extractChunk(hubspot.source, { plan, frontier });
    expect([passed.rows.map(([id]) => id), passed.tombstones, passed.requests.requests]).toEqual([[live], [], 1]);
    expect(passed.frontier).toEqual({ kind: 'ids', ids: [] });
    const { rows, tombstones } = await extractChunk(hubspot.source, { plan, frontier, absentIds: 'tombstone' });
    expect(rows.map(([id]) => id)).toEqual([live]);
    expect(tombstones).toEqual([
      [gone, 'archived', null, null, expect.any(String)],
      ['404', 'vanished', null, null, expect.any(String)],
    ]);
  });

  it('of the first N are exactly N', async () => {
    await using hubspot = await startHubSpot({ records: {}, owners: 1_200 });
    const plan = await planFor(hubspot.source, 'owners', { properties: ['email'] });
    for (const limit of [1, 499, 501, 5_000]) {
      const { rows } = await extractAll(hubspot.source, { plan, scope: { kind: 'limit', limit } });
      expect(rows).toHaveLength(Math.min(limit, 1_120));
    }
  });

  it('are staged not at all where a page does not come', async () => {
    await using hubspot = await startHubSpot({ records: {}, owners: 1_200 }, { maxRetryMs: 200 });
    const plan = await planFor(hubspot.source, 'owners');
    hubspot.simulator.faults.add({ kind: 'serverError', match: { urlIncludes: 'after=' } });
    const extracting = extractChunk(hubspot.source, {
      plan,
      frontier: wholePages,
      onWrite: () => expect.unreachable('something was staged'),
    });
    await expect(extracting).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  it('wait where the day is spent, and stop where they are told to', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const plan = await planFor(hubspot.source, 'owners');
    const stop = AbortSignal.abort(new Error('paused'));
    const stopped = await extractChunk(hubspot.source, { plan, frontier: wholePages, signal: stop });
    expect(stopped).toMatchObject({ records: 0, frontier: wholePages, wait: null });
    hubspot.simulator.configure({ limits: { daily: 0 } });
    const spent = await extractChunk(hubspot.source, { plan, frontier: wholePages });
    expect(spent).toMatchObject({ records: 0, frontier: wholePages, wait: { reason: 'HubSpot daily limit' } });
  });

  it('whose pages lead in a circle are an error', async () => {
    const owner = { id: '1', updatedAt: '2026-01-01T00:00:00Z' };
    const body = JSON.stringify({ results: [owner], paging: { next: { after: '1' } } });
    await using hubspot = await startHubSpot();
    const plan = await planFor(hubspot.source, 'owners');
    await using gateway = await startGateway(hubspot.simulator.url, () => ({
      status: 200,
      contentType: 'application/json',
      body,
    }));
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(extractChunk(source, { plan, frontier: wholePages })).rejects.toThrow('lead in a circle');
  });
});

describe.concurrent('HubSpot pipelines', () => {
  it.each(['deals', 'tickets'] as const)('of %s and their stages are two tables', async (type) => {
    await using hubspot = await startHubSpot({ records: {} });
    const pipelines = hubspot.simulator.portal.pipelines(type).all();
    const prefix = type === 'deals' ? 'deal' : 'ticket';
    const times = ({ createdAt, updatedAt }: { createdAt: string; updatedAt: string }) => ({
      createdat: createdAt,
      updatedat: updatedAt,
      _version: updatedAt,
    });
    expect(await readWhole(hubspot, `${prefix}_pipelines`)).toEqual(
      pipelines.map((pipeline) => ({
        id: pipeline.id,
        archived: 'false',
        displayorder: String(pipeline.displayOrder),
        label: pipeline.label,
        ...times(pipeline),
      })),
    );
    expect(await readWhole(hubspot, `${prefix}_pipeline_stages`)).toEqual(
      pipelines.flatMap(({ id, stages }) =>
        stages.map((stage) => ({
          id: stage.id,
          archived: 'false',
          displayorder: String(stage.displayOrder),
          label: stage.label,
          metadata: JSON.stringify(stage.metadata),
          pipelineid: id,
          ...times(stage),
        })),
      ),
    );
  });

  it('share no stage, so that a stage is known by its id', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const ids = (await readWhole(hubspot, 'deal_pipeline_stages')).map(({ id }) => id);
    expect(ids).toHaveLength(8);
    expect(new Set(ids).size).toBe(8);
  });

  it('that are named and not there have vanished, since they have no bin', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const plan = await planFor(hubspot.source, 'deal_pipelines');
    const frontier = { kind: 'ids', ids: ['default', 'no-such'] } as const;
    const { rows, tombstones } = await extractChunk(hubspot.source, { plan, frontier, absentIds: 'tombstone' });
    expect(rows.map(([id]) => id)).toEqual(['default']);
    expect(tombstones).toEqual([['no-such', 'vanished', null, null, expect.any(String)]]);
    const bin = { kind: 'archivedRanges', ranges: [{ from: '0', to: null }] } as const;
    const archived = await extractChunk(hubspot.source, { plan, frontier: bin });
    expect(archived).toMatchObject({ tombstones: [], rows: [], frontier: { ranges: [] } });
  });
});

describe.concurrent('a small HubSpot object', () => {
  it.each([
    ['owners', 'integer', true],
    ['deal_pipelines', 'text', false],
    ['deal_pipeline_stages', 'text', false],
    ['ticket_pipelines', 'text', false],
    ['ticket_pipeline_stages', 'text', false],
  ])('%s is described by one request, without a search', async (object, keyType, listArchived) => {
    await using hubspot = await startHubSpot({ records: {}, clockSkewMs: -3_600_000 });
    const description = await hubspot.source.describeObject(object, never);
    expect(description).toMatchObject({
      object,
      keyType,
      versionProperty: 'updatedAt',
      can: { searchChanges: false, searchCreated: false, listArchived, associate: false },
    });
    expect(Date.parse(description.sourceNow)).toBeLessThan(Date.now() - 3_500_000);
    expect(hubspot.simulator.stats.snapshot()['all']!.requests).toBe(1);
    expect(await hubspot.source.countRecords(object, never)).toBe(null);
    expect(await hubspot.source.summarizeObject(object, never)).toMatchObject({ object, recordCount: null });
    const start = await hubspot.source.planBackfill(object, { kind: 'whole' }, never);
    expect(start).toMatchObject({ frontier: wholePages, estimatedRecords: null });
    expect(hubspot.simulator.stats.snapshot()).not.toHaveProperty('search deals');
  });

  it('is not read by a range of creation times', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const created = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
    await expect(hubspot.source.planBackfill('owners', { kind: 'range', created }, never)).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      next: expect.stringContaining('leave out the range') as string,
    });
  });

  it.each(['2026-03', '2026-09', 'v3'] as const)('is found in the %s family of paths', async (apiVersion) => {
    await using hubspot = await startHubSpot({ records: {}, owners: 3 });
    const source = hubspot.openSource({ config: { apiVersion } });
    for (const [object, count] of [
      ['owners', 3],
      ['ticket_pipelines', 1],
      ['ticket_pipeline_stages', 4],
    ] as const) {
      const { rows } = await extractAll(source, { plan: await planFor(source, object) });
      expect(rows).toHaveLength(count);
    }
  });

  it('is checked by the path it is read from', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const findings = await hubspot.source.check(['owners', 'deal_pipeline_stages', 'ticket_pipelines'], never);
    expect(findings.slice(1).map(({ subject, status }) => [subject, status])).toEqual([
      ['HubSpot owners', 'ok'],
      ['HubSpot deal_pipeline_stages', 'ok'],
      ['HubSpot ticket_pipelines', 'ok'],
      ['HubSpot request budget', 'warning'],
    ]);
  });
});
