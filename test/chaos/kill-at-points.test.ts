import { describe, expect, it } from 'vitest';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { mergeOutcomes } from '../support/merge-outcomes.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

/** Starts workers one after another: each kills itself at the next of the points, and the last one lives. */
async function runThroughKills(world: ChaosWorld, harms: readonly Harm[]) {
  const sabotage = planSabotage(world.folder, harms);
  const run = await world.start();
  for (const harm of harms) {
    const worker = world.startWorker(sabotage);
    await eventually(`a kill at ${harm.at}`, () => !worker.isRunning, 60_000);
  }
  expect(harms.map(sabotage.isDone)).toEqual(harms.map(() => true));
  const worker = world.startWorker(sabotage);
  const result = await run.result();
  await worker.stop();
  return { run, result };
}

describe.concurrent('a worker killed with SIGKILL', () => {
  it('between stage and report, before COMMIT, and between COMMIT and its report', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 12_000, seed: 201, chunkRecords: 1_000 });
    const { run, result } = await runThroughKills(world, [
      { at: 'staged', sequence: 3, does: 'kill' },
      { at: 'beforeCommit', sequence: 5, does: 'kill' },
      { at: 'afterCommit', sequence: 8, does: 'kill' },
    ]);
    const { runs, batches, watermark } = await expectWhole(world);
    // The attempt after the kill between COMMIT and report found its batch committed. So may one whose merge ran beside the
    // extraction that another kill was aimed at.
    const outcomes = await mergeOutcomes(run);
    const repeats = outcomes.filter((outcome) => outcome.kind === 'merged' && outcome.isRepeat);
    expect(repeats.length).toBeGreaterThanOrEqual(1);
    expect(repeats.length).toBeLessThanOrEqual(3);
    expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
    expect(watermark).not.toBeNull();
    expect(total(batches, 'inserted')).toBe(12_000);
    expect(total(batches, 'read')).toBe(12_000);
    expect(result.totals).toMatchObject({ read: 12_000, inserted: 12_000, updated: 0, unchanged: 0 });
  });

  it('before and after the server learns that the run continues as new', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 10_500, seed: 202, chunkRecords: 100 });
    const { run, result } = await runThroughKills(world, [
      { at: 'continueAsNewSent', does: 'kill' },
      { at: 'continuationArrived', does: 'kill' },
    ]);
    const { runs, batches, watermark } = await expectWhole(world);
    expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
    expect(watermark).not.toBeNull();
    expect(batches.length).toBeGreaterThan(100);
    expect(total(batches, 'inserted')).toBe(10_500);
    expect(result.totals).toMatchObject({ read: 10_500, inserted: 10_500 });
    const { raw } = await world.temporal.client.workflow.getHandle(run.workflowId).describe();
    expect(raw.workflowExecutionInfo?.execution?.runId).not.toBe(run.firstExecutionRunId);
  });
});
