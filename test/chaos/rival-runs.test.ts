import { execFileSync } from 'node:child_process';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

describe.concurrent('two backfills of one stream', () => {
  it('do not run at once', async () => {
    await using world = await ChaosWorld.open({ contacts: 10, seed: 701, chunkRecords: 10 });
    await world.start();
    await expect(world.start()).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
  });

  it('the second goes on where the first stood frozen within a transaction', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 15_000, seed: 702, chunkRecords: 1_000 });
    const { first, second, result, frozen } = await overtake(world, { at: 'beforeCommit', sequence: 5, does: 'stop' });
    const { runs, batches } = await expectWhole(world);
    expect(runs).toMatchObject([
      { run: first, status: 'lost' },
      { run: second, status: 'done', resumed_from: first, start_reason: 'the last backfill ended as lost' },
    ]);
    expect(total(batches, 'inserted')).toBe(15_000);
    expect(total(batches, 'read')).toBe(15_000);
    expect(result.rows?.live).toBe(15_000);
    expect(frozen.isRunning).toBe(false);
  });

  it('a merge of the first that wakes up after the second has ended writes nothing', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 15_000, seed: 703, chunkRecords: 1_000 });
    const late: Harm = { at: 'mergeStarts', sequence: 4, does: 'holdSilently' };
    const sabotage = planSabotage(world.folder, [late]);
    // The one owner of the file does the work of both.
    const worker = world.startWorker(sabotage);
    const overtaken = await world.start();
    await eventually('a merge is held', () => sabotage.isDone(late), 60_000);
    await overtaken.terminate('overtaken');
    const overtaking = await world.start();
    await overtaking.result();
    sabotage.release(late);
    expect(await eventually('the held merge ends', sabotage.heldOutcome)).toBe('Fenced');
    await worker.stop();
    const [first, second] = [overtaken.firstExecutionRunId, overtaking.firstExecutionRunId];
    const { runs, batches } = await expectWhole(world);
    expect(runs).toMatchObject([
      { run: first, status: 'lost' },
      { run: second, status: 'done', resumed_from: first },
    ]);
    expect(batches.filter(({ run }) => run === first)).toHaveLength(3);
    expect(total(batches, 'inserted')).toBe(15_000);
    expect(total(batches, 'read')).toBe(15_000);
  });
});

/** Freezes the first run's worker at a point, terminates the run, and starts a second one with a worker beside. */
async function overtake(world: ChaosWorld, harm: Harm) {
  const sabotage = planSabotage(world.folder, [harm]);
  const frozen = world.startWorker(sabotage);
  try {
    const first = await world.start();
    await eventually(`the worker stops at ${harm.at}`, () => isStopped(frozen.pid), 60_000);
    expect(sabotage.isDone(harm)).toBe(true);
    await first.terminate('overtaken');
    // What the frozen worker still polls would swallow tasks, each for ten seconds.
    await world.configure({ taskQueue: 'second' });
    const other = world.startWorker();
    await other.ready;
    const second = await world.start();
    await eventually(
      'the second run meets the frozen owner',
      async () => {
        const { pendingActivities } = (await second.describe()).raw;
        return pendingActivities?.some(({ attempt, lastFailure }) => (attempt ?? 0) > 1 && lastFailure != null);
      },
      60_000,
    );
    process.kill(frozen.pid, 'SIGCONT');
    const result = await second.result();
    await frozen.stop();
    await other.stop();
    return { first: first.firstExecutionRunId, second: second.firstExecutionRunId, result, frozen };
  } finally {
    if (frozen.isRunning) process.kill(frozen.pid, 'SIGCONT');
  }
}

function isStopped(pid: number): boolean {
  return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .startsWith('T');
}
