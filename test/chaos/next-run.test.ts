import { describe, expect, it } from 'vitest';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { auditLedger, total } from '../support/ledger-audit.ts';

describe.concurrent('the backfill after one that', () => {
  it(
    'was terminated goes on where it stopped; after one that was cancelled it begins anew',
    { timeout: 120_000 },
    async () => {
      await using world = await ChaosWorld.open({
        contacts: 20_000,
        seed: 801,
        chunkRecords: 1_000,
        simulator: { latencyMs: 250 },
      });
      const worker = world.startWorker();
      const first = await world.start();
      await world.untilMerged(5);
      await worker.stop('SIGKILL');
      await first.terminate('no clean-up');
      expect(await world.stagedRuns()).toEqual([first.firstExecutionRunId]);

      const other = world.startWorker();
      const second = await world.start();
      await world.untilMerged(3);
      expect(await world.stagedRuns()).toEqual([second.firstExecutionRunId]);
      await second.cancel();
      await expect(second.result()).rejects.toThrow('Workflow execution cancelled');

      const third = await world.start();
      await world.untilMerged(2);
      await third.terminate('no clean-up');
      world.simulator.configure({ latencyMs: 0 });
      const fourth = await world.start();
      const result = await fourth.result();
      await other.stop();

      const { runs, batches, watermark } = await expectWhole(world);
      const [one, two, three, four] = [first, second, third, fourth].map((run) => run.firstExecutionRunId);
      expect(runs).toMatchObject([
        { run: one, status: 'lost', resumed_from: null, start_reason: 'no earlier backfill of this stream' },
        { run: two, status: 'cancelled', resumed_from: one, start_reason: 'the last backfill ended as lost' },
        { run: three, status: 'lost', resumed_from: null, start_reason: 'the last backfill was cancelled' },
        { run: four, status: 'done', resumed_from: three, start_reason: 'the last backfill ended as lost' },
      ]);
      expect(runs[1]!['first_started_at']).toBe(runs[0]!['first_started_at']);
      expect(runs[3]!['first_started_at']).toBe(runs[2]!['first_started_at']);
      expect(runs[2]!['first_started_at']).not.toBe(runs[0]!['first_started_at']);
      const resumed = batches.filter(({ run }) => run === one || run === two);
      expect(total(resumed, 'read')).toBe(total(resumed, 'inserted'));
      const anew = batches.filter(({ run }) => run === three || run === four);
      expect(total(anew, 'read')).toBe(20_000);
      expect(total(batches, 'inserted')).toBe(20_000);
      expect(result.rows?.live).toBe(20_000);
      expect(watermark).not.toBeNull();
    },
  );

  it('failed at its rejects limit goes on once the limit is raised', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 10_000,
      seed: 802,
      chunkRecords: 1_000,
      stream: { limits: { rejects: 20 } },
      simulator: { unconvertibleEvery: 200 },
    });
    const unconvertible = world.simulator.portal.unconvertible('contacts').length;
    expect(unconvertible).toBeGreaterThan(40);
    const worker = world.startWorker();
    const first = await world.start();
    await expect(first.result()).rejects.toMatchObject({ cause: { type: 'DataRejected' } });
    await worker.stop();

    await world.configure({ stream: { limits: { rejects: 10_000 } } });
    const other = world.startWorker();
    const second = await world.start();
    const result = await second.result();
    await other.stop();
    const { runs, batches } = await expectWhole(world);
    expect(runs).toMatchObject([
      { status: 'failed', start_reason: 'no earlier backfill of this stream' },
      { status: 'done', start_reason: 'the last backfill ended as failed', resumed_from: first.firstExecutionRunId },
    ]);
    expect(String(runs[0]!['error'])).toContain('more than limits.rejects (20) allows');
    expect(total(batches, 'inserted')).toBe(10_000);
    expect(total(batches, 'read')).toBe(10_000);
    expect(total(batches, 'nulled_values')).toBe(unconvertible);
    expect(result.totals.read).toBeLessThan(10_000);
  });

  it('goes on by its own plan where columns and chunk size change under it', { timeout: 120_000 }, async () => {
    const columns = ['email', 'firstname', 'lastname', 'lastmodifieddate'];
    await using world = await ChaosWorld.open({
      contacts: 4_000,
      seed: 804,
      chunkRecords: 1_000,
      stream: { columns },
      simulator: { latencyMs: 400 },
    });
    const worker = world.startWorker();
    const run = await world.start();
    await world.untilMerged(1);
    await worker.stop('SIGTERM');
    await world.configure({ stream: { columns: [...columns, 'jobtitle'], chunkRecords: 300 } });
    world.simulator.configure({ latencyMs: 0 });
    const other = world.startWorker();
    const result = await run.result();
    expect(result.totals).toMatchObject({ read: 4_000, inserted: 4_000 });
    // The next one has the new columns, and fills them.
    const next = await (await world.start()).result();
    await other.stop();
    const { batches } = await auditLedger(world.sandbox.databasePath);
    const sizes = (of: string): number[] =>
      batches.filter(({ run: name }) => name === of).map(({ read }) => Number(read));
    expect(sizes(run.firstExecutionRunId).filter((size) => size >= 900).length).toBeGreaterThan(1);
    expect(Math.max(...sizes(next.run))).toBeLessThan(600);
    expect(next.startReason).toBe('the last backfill was complete');
    expect(await world.compare()).toMatchObject({ missing: { count: 0 }, extra: { count: 0 }, differing: [] });
  });

  it('read other columns begins anew and says so', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 10_000,
      seed: 803,
      chunkRecords: 1_000,
      stream: { columns: ['email', 'firstname', 'lastname', 'lastmodifieddate'] },
      simulator: { latencyMs: 400 },
    });
    const worker = world.startWorker();
    const first = await world.start();
    await world.untilMerged(3);
    await first.terminate('no clean-up');
    await worker.stop();

    world.simulator.configure({ latencyMs: 0 });
    await world.configure({ stream: { columns: ['email', 'firstname', 'jobtitle', 'lastmodifieddate', 'lastname'] } });
    const other = world.startWorker();
    const result = await (await world.start()).result();
    await other.stop();
    expect(result.startReason).toBe('columns, types, key or destination changed since the last backfill');
    expect(result.totals.read).toBe(10_000);
    const { runs, batches } = await auditLedger(world.sandbox.databasePath);
    const ofFirst = batches.filter(({ run }) => run === first.firstExecutionRunId);
    expect(runs).toMatchObject([{ status: 'lost' }, { status: 'done', resumed_from: null }]);
    expect(result.totals.updated + result.totals.unchanged).toBe(total(ofFirst, 'inserted'));
    const comparison = await world.compare();
    expect(comparison).toMatchObject({
      missing: { count: 0 },
      extra: { count: 0 },
      duplicated: { count: 0 },
      differing: [],
    });
    expect(comparison.comparedValues).toBe(10_000 * 6);
  });
});
