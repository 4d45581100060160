import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Activities } from '../../activities/create-activities.ts';
import { SyncError } from '../../model/errors.ts';
import { isEqual } from '../../simulators/verification/compare-with-truth.ts';
import { beginApplying } from '../../client/begin-applying.ts';
import { beginRun, type BegunRun } from '../../client/begin-run.ts';
import type { RunTarget } from '../../client/describe-run.ts';
import type { IncrementalResult } from '../../workflows/messages.ts';
import { connectionTo } from '../support/connection-to.ts';
import { createIncrementalSchedule } from '../support/incremental-schedule.ts';
import { eventually } from '../support/eventually.ts';
import { mergeOutcomes } from '../support/merge-outcomes.ts';
import { SharedStageWorld } from '../support/shared-stage-world.ts';

let world: SharedStageWorld;

beforeAll(async () => {
  world = await SharedStageWorld.open({
    apart: {},
    lost: {},
    refused: {},
    killed: {},
    terminated: {},
    narrow: {},
    waiting: { apply: { interval: '1d' } },
  });
}, 60_000);
afterAll(() => world?.[Symbol.asyncDispose]());

async function expectWhole(stream: string, ignoredColumns: readonly string[] = []): Promise<void> {
  const comparison = await world.compare(stream, ignoredColumns);
  expect(isEqual(comparison)).toBe(true);
  expect(comparison.liveRows).toBe(900);
}

/** Nothing of the stream is left, neither uploaded nor on a worker's disk. */
async function expectSwept(stream: string): Promise<void> {
  const files = await world.stages.files('hubspot');
  expect(files.filter((path) => path.startsWith(`hubspot/crm.${stream}/`))).toEqual([]);
  expect(await world.left(stream)).toEqual([]);
}

/** The only worker of a stream; its disk is called as the stream is. */
function alone<T>(
  stream: string,
  change: (own: Activities) => Partial<Activities>,
  body: (taskQueue: string) => Promise<T>,
): Promise<T> {
  const own = world.activities(stream);
  return world.withWorker({ ...own, ...change(own) }, body);
}

it('one worker reads, and another that shares no folder with it merges', async () => {
  const [reads, merges] = [world.activities('disk of the reader'), world.activities('disk of the merger')];
  const { extractChunk, beginIncremental, inspect } = reads;
  // Whichever of the two a step goes to: these are the ones that read.
  await world.withWorker({ ...merges, extractChunk, beginIncremental, inspect }, async (taskQueue) => {
    await (await world.start(taskQueue, 'backfill', 'apart')).result();
    await expectWhole('apart');

    const changed = world.simulator.portal.change('contacts', { count: 40 });
    const found = await (await world.start(taskQueue, 'incremental', 'apart')).result();
    expect(found).toMatchObject({ totals: { updated: changed.length } });
    const verified = await world.inspect(taskQueue, { verb: 'verify', stream: 'crm.apart', sample: 20 });
    expect(verified).toMatchObject({
      report: {
        sourceRecords: 900,
        sampled: 20,
        missing: { count: 0 },
        stale: { count: 0 },
        differing: { count: 0 },
      },
    });
    await expectWhole('apart');
  });
  const places = world.stages.uploads.map(({ directory }) => directory);
  expect(new Set(places).size).toBe(places.length);
  for (const mode of ['backfill', 'incremental']) {
    expect(places).toContainEqual(
      expect.stringMatching(new RegExp(`^hubspot/crm\\.apart/${mode}/[0-9a-f-]{36}/000001-[0-9a-f]{8}$`)),
    );
  }
  await expectSwept('apart');
  expect(await world.left('disk of the reader')).toEqual([]);
  expect(await world.left('disk of the merger')).toEqual([]);
}, 60_000);

it('an upload that is lost sends the run back to its last batch', async () => {
  let losses = 1;
  world.stages.onUploaded = async (upload) => {
    if (upload.directory.includes('/000002-') && losses-- > 0) await world.stages.lose(upload);
  };
  await alone(
    'lost',
    () => ({}),
    async (taskQueue) => {
      const run = await world.start(taskQueue, 'backfill', 'lost');
      expect(await run.result()).toMatchObject({ totals: { read: 900, inserted: 900 } });
      const rewinds = (await mergeOutcomes(run)).filter((outcome) => outcome.kind === 'rewind');
      expect(rewinds.map(({ reason }) => reason)).toContain('stageLost');
    },
  );
  await expectWhole('lost');
  await expectSwept('lost');
}, 60_000);

it('an upload that is refused is tried again, and nothing is read twice', async () => {
  const before = world.stages.uploads.length;
  const refusal = () => new SyncError('Unavailable', 'the stage is not to be reached');
  world.stages.failures.push(refusal(), refusal());
  await alone(
    'refused',
    () => ({}),
    async (taskQueue) => {
      const run = await world.start(taskQueue, 'backfill', 'refused');
      expect(await run.result()).toMatchObject({ totals: { read: 900, inserted: 900 } });
    },
  );
  const [first, second, third] = world.stages.uploads.slice(before);
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  await expectWhole('refused');
  await expectSwept('refused');
}, 60_000);

it('a worker that dies between its upload and its answer leaves nothing but files to be swept', async () => {
  let deaths = 1;
  const dying = ({ extractChunk }: Activities): Partial<Activities> => ({
    extractChunk: async (input) => {
      const answer = await extractChunk(input);
      if (input.sequence === 2 && deaths-- > 0) {
        throw ApplicationFailure.create({ type: 'Unavailable', message: 'the worker is gone', nextRetryDelay: '20ms' });
      }
      return answer;
    },
  });
  await alone('killed', dying, async (taskQueue) => {
    const run = await world.start(taskQueue, 'backfill', 'killed');
    expect(await run.result()).toMatchObject({ totals: { read: 900, inserted: 900 } });
  });
  const attempts = world.stages.uploads.filter(({ directory }) => /^hubspot\/crm\.killed\/.*\/000002-/.test(directory));
  expect(attempts).toHaveLength(2);
  await expectWhole('killed');
  await expectSwept('killed');
}, 60_000);

it('what a terminated run has uploaded is told of, and goes when the next one takes its place', async () => {
  const ended = Promise.withResolvers<void>();
  world.stages.onUploaded = async () => ended.promise;
  await alone(
    'terminated',
    () => ({}),
    async (taskQueue) => {
      const run = await world.start(taskQueue, 'backfill', 'terminated');
      await eventually('an upload', async () => (await world.stages.listRuns({ schema: 'hubspot' })).length > 0);
      await run.terminate('no clean-up');
      const left = { stream: 'crm.terminated', mode: 'backfill', run: run.firstExecutionRunId };
      const examined = await world.inspect(taskQueue, { verb: 'examine', of: ['crm.terminated'] });
      expect(examined).toMatchObject({
        stages: expect.arrayContaining([
          {
            ...left,
            sizeBytes: expect.any(Number),
            modifiedAt: expect.any(String),
            uploadedTo: { destination: 'local', schema: 'hubspot' },
          },
        ]),
      });
      ended.resolve();

      let runsAtFirstUpload: readonly string[] | null = null;
      const next = await world.start(taskQueue, 'backfill', 'terminated');
      world.stages.onUploaded = async ({ directory }) => {
        if (!directory.includes(next.firstExecutionRunId)) return;
        runsAtFirstUpload ??= (await world.stages.listRuns({ schema: 'hubspot' })).map((staged) => staged.run);
      };
      expect(await next.result()).toMatchObject({ totals: { read: 900 } });
      expect(runsAtFirstUpload).toEqual([next.firstExecutionRunId]);
    },
  );
  await expectWhole('terminated');
  await expectSwept('terminated');
}, 60_000);

it('changes of scheduled runs wait, staged, until somebody wants to see them', async () => {
  world.stages.onUploaded = async () => {};
  const own = world.activities('waiting');
  await world.withWorker(own, async (taskQueue) => {
    await (await world.start(taskQueue, 'backfill', 'waiting')).result();
    const { client } = world.temporal;
    const temporal = connectionTo(world.temporal);
    const schedule = await createIncrementalSchedule(client, { stream: 'crm.waiting', taskQueue });
    const order = { mode: 'incremental', input: { stream: 'crm.waiting' }, summary: 'by hand' } as const;
    const byHand = () => beginRun(temporal, order, { taskQueue, warn: () => {} });
    const ended = async (run: BegunRun): Promise<IncrementalResult> =>
      client.workflow.getHandle<() => Promise<IncrementalResult>>((run as RunTarget).workflowId).result();

    // The first run is told nothing by one before, and lets nothing wait.
    world.simulator.portal.change('contacts', { count: 5, seed: 1 });
    expect(await ended(await byHand())).toMatchObject({ outcome: 'changed', totals: { updated: 5 } });
    world.simulator.portal.change('contacts', { count: 7, seed: 2 });
    const staged = await ended(await byHand());
    expect(staged).toMatchObject({ outcome: 'staged', batches: 0 });
    expect(staged.text).toMatch(/: 7 changes staged; 7 changes wait, to be merged at \S+ \d\d:\d\d UTC$/);
    const files = await world.stages.files('hubspot');
    expect(files.filter((path) => path.startsWith('hubspot/crm.waiting/held/'))).not.toEqual([]);

    world.simulator.portal.change('contacts', { count: 4, seed: 3 });
    const begun = await beginApplying(temporal, order, { taskQueue, warn: () => {}, queuedWithinMs: null });
    const applied = await ended(begun);
    expect(applied).toMatchObject({ outcome: 'changed', batches: 1 });
    expect(applied.totals.read).toBeGreaterThanOrEqual(7);
    expect(applied.next?.held).toBeUndefined();
    await schedule.delete();
  });
  await expectWhole('waiting');
  await expectSwept('waiting');
}, 60_000);

it('a value that the destination has no room for is told of, and everything else arrives', async () => {
  world.stages.onUploaded = async () => {};
  world.simulator.portal.addProperty('contacts', { name: 'story', type: 'string', value: 'é'.repeat(1_001) });
  world.maxTextBytes = 2_000;
  await alone(
    'narrow',
    () => ({}),
    async (taskQueue) => {
      const run = await world.start(taskQueue, 'backfill', 'narrow');
      expect(await run.result()).toMatchObject({ totals: { read: 900, inserted: 900, nulledValues: 900 } });
      const told = await world.inspect(taskQueue, { verb: 'errorGroups', streams: ['crm.narrow'] });
      expect(told).toMatchObject({
        groups: [{ column: 'story', reason: 'longer than 2000 bytes', sourceType: 'text', rejects: 900, records: 900 }],
      });
    },
  );
  await expectWhole('narrow', ['story']);
  await expectSwept('narrow');
}, 60_000);
