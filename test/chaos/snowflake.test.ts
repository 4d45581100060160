import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { defaultTaskQueue, scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';
import { contacts } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { hasNoPython, needsPython } from '../support/snowflake-under-test.ts';
import { SnowflakeWorld } from '../support/snowflake-world.ts';

const records = 1_500;

/** In it the next attempt is told what this one has open. */
const heartbeatMs = 2_000;

/** In which statement a worker dies, and whether the account has done it by then. */
const deaths = [
  { match: '^UPDATE .*SYNC_FENCE', when: 'after' },
  { match: '^MERGE', when: 'after' },
  { match: '^COMMIT', when: 'after' },
] as const;

describe.skipIf(hasNoPython)(`a Snowflake account (${needsPython})`, () => {
  it('holds each record once after workers that died in a merge', { timeout: 240_000 }, async () => {
    await using account = await SnowflakeWorld.open({
      contacts: records,
      seed: 601,
      chunkRecords: 150,
      stream: { apply: { everyBatches: 2 } },
    });
    const { world, emulator } = account;
    // Snowflake's five minutes, for what died before its transaction was told of.
    await emulator.control.configure({ abortIdleBlockerMs: 4_000 });
    const run = await world.start();
    for (const { match, when } of deaths) {
      const worker = world.startWorker();
      // Beyond the claim, which has a fence and a COMMIT of its own.
      await eventually('it merges', async () => (await world.progress())?.phase === 'running', 60_000);
      await emulator.control.resetLog();
      await emulator.control.addFault({ match, when, hang: true });
      await eventually(`it comes to ${match}`, () => hasCome(account, match), 60_000);
      await sleep(heartbeatMs);
      await worker.stop('SIGKILL');
      await emulator.control.removeFaults();
    }
    const worker = world.startWorker();
    const result = await run.result();
    await worker.stop();

    await account.copyOut();
    const { batches, runs, watermark } = await expectWhole(world);
    expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
    expect(watermark).not.toBeNull();
    expect(total(batches, 'inserted')).toBe(records);
    expect(result.totals).toMatchObject({ read: records, inserted: records, updated: 0, unchanged: 0 });
  });

  it('is asked nothing by runs that find no change', { timeout: 120_000 }, async () => {
    await using account = await SnowflakeWorld.open({ contacts: 300, seed: 602, chunkRecords: 300 });
    const { world, emulator } = account;
    const { client } = world.temporal;
    const worker = world.startWorker();
    await world.run('backfill');
    const workflowId = syncWorkflowId('incremental', contacts);
    const schedule = await client.schedule.create({
      scheduleId: scheduleId('incremental', contacts),
      spec: { intervals: [{ every: '30d' }] },
      policies: { overlap: 'BUFFER_ONE' },
      action: {
        type: 'startWorkflow',
        workflowType: 'incremental',
        workflowId,
        taskQueue: defaultTaskQueue,
        args: [{ stream: contacts }],
      },
    });
    const next = async (count: number): Promise<void> => {
      await schedule.trigger('BUFFER_ONE');
      await eventually(`${count} runs have ended`, async () => {
        const { recentActions } = (await schedule.describe()).info;
        if (recentActions.length < count) return false;
        const { workflowId: id } = recentActions.at(-1)!.action.workflow;
        return (await client.workflow.getHandle(id).describe()).status.name === 'COMPLETED';
      });
    };
    // The first asks the ledger where it stands; the others are told by the one before.
    await next(1);
    await emulator.control.resetLog();
    for (const count of [2, 3, 4]) await next(count);
    expect((await emulator.control.log()).statements).toEqual([]);
    await worker.stop();
  });
});

async function hasCome({ emulator }: SnowflakeWorld, match: string): Promise<boolean> {
  const { statements } = await emulator.control.log();
  return statements.some(({ sql }) => new RegExp(match, 'is').test(sql));
}
