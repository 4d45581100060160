import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { scheduledModes } from '../../model/scheduled-mode.ts';
import { scheduleId } from '../../model/workflow-id.ts';
import { ChaosWorld, contacts, type BackfillHandle } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { resetToTask } from '../support/reset-to-task.ts';

const resetTo = (world: ChaosWorld, { workflowId }: BackfillHandle, merges: number): Promise<string> =>
  resetToTask(world, workflowId, { after: 'mergeChunk', times: merges });

async function cli(world: ChaosWorld, ...words: string[]): Promise<void> {
  const [code] = (await once(world.sandbox.cli(words, 'pipe'), 'close')) as [number];
  expect(code).toBe(0);
}

describe('Temporal', () => {
  it('stopped, and killed while all is paused, as a backfill runs', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 30_000,
      seed: 301,
      chunkRecords: 1_000,
      isTemporalDurable: true,
      simulator: { latencyMs: 400 },
    });
    const worker = world.startWorker();
    const run = await world.start();
    await world.untilMerged(3);
    await world.restartTemporal('SIGTERM');
    await world.untilMerged(6);
    await cli(world, 'schedules', 'apply');
    await cli(world, 'pause', contacts, '--note', 'launch');
    await world.restartTemporal('SIGKILL');
    const paused = await eventually('paused', async () => {
      const progress = await world.progress();
      return progress?.phase === 'paused' && progress;
    });
    expect(paused.paused?.note).toBe('launch');
    for (const mode of scheduledModes) {
      const { state } = await world.temporal.client.schedule.getHandle(scheduleId(mode, contacts)).describe();
      expect(state).toMatchObject({ paused: true, note: expect.stringMatching(/ "launch"$/) as string });
    }
    await cli(world, 'resume', contacts, '--mode', 'backfill');
    const before = await world.untilMerged(paused.batches + 1);
    expect(before.totals.read).toBeLessThan(30_000);
    world.simulator.configure({ latencyMs: 0 });
    await world.temporal.client.workflow.getHandle(run.workflowId).result();
    await worker.stop();

    const { runs, batches, watermark } = await expectWhole(world);
    expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
    expect(total(batches, 'inserted')).toBe(30_000);
    expect(watermark).not.toBeNull();
  });

  it('resetting a run to an early chunk after later ones merged', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 20_000,
      seed: 302,
      chunkRecords: 1_000,
      simulator: { latencyMs: 300 },
    });
    const worker = world.startWorker();
    const run = await world.start();
    await world.untilMerged(8);
    const resetRun = await resetTo(world, run, 3);
    expect(resetRun).not.toBe(run.firstExecutionRunId);
    world.simulator.configure({ latencyMs: 0 });
    const result = await world.temporal.client.workflow
      .getHandle<() => Promise<{ totals: object }>>(run.workflowId)
      .result();
    await world.sandbox.stop();

    const { runs, batches, watermark } = await expectWhole(world);
    expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
    expect(total(batches, 'inserted')).toBe(20_000);
    expect(total(batches, 'read')).toBe(20_000);
    expect(result.totals).toMatchObject({ read: 20_000, inserted: 20_000 });
    expect(watermark).not.toBeNull();
    expect(worker.isRunning).toBe(false);

    // After the end, to a chunk and to the very start: nothing is left to do, and nothing is done.
    const again = world.startWorker();
    for (const merges of [2, 0]) {
      await resetTo(world, run, merges);
      await world.temporal.client.workflow.getHandle(run.workflowId).result();
    }
    await again.stop();
    const after = await expectWhole(world);
    expect(after.batches).toEqual(batches);
    expect(after.runs).toEqual(runs);
  });
});
