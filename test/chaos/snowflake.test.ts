import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { beginApplying } from '../../client/begin-applying.ts';
import type { RunTarget } from '../../client/describe-run.ts';
import type { DestinationCost } from '../../model/inspection.ts';
import { defaultTaskQueue } from '../../model/workflow-id.ts';
import type { IncrementalResult } from '../../workflows/messages.ts';
import { contacts } from '../support/chaos-world.ts';
import { connectionTo } from '../support/connection-to.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { createIncrementalSchedule } from '../support/incremental-schedule.ts';
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

  it(
    'is asked nothing by runs that find no change, and for no warehouse by runs whose changes may wait',
    {
      timeout: 240_000,
    },
    async () => {
      await using account = await SnowflakeWorld.open({
        contacts: 300,
        seed: 602,
        chunkRecords: 300,
        stream: { apply: { interval: '1d' } },
      });
      const { world, emulator } = account;
      const { client } = world.temporal;
      const worker = world.startWorker();
      await world.run('backfill');
      const schedule = await createIncrementalSchedule(client, { stream: contacts, taskQueue: defaultTaskQueue });
      const next = async (count: number): Promise<IncrementalResult> => {
        await schedule.trigger('BUFFER_ONE');
        return eventually(`${count} runs have ended`, async () => {
          const { recentActions } = (await schedule.describe()).info;
          if (recentActions.length < count) return null;
          const { workflowId } = recentActions.at(-1)!.action.workflow;
          const handle = client.workflow.getHandle<() => Promise<IncrementalResult>>(workflowId);
          return (await handle.describe()).status.name === 'COMPLETED' ? handle.result() : null;
        });
      };
      // The first asks the ledger where it stands; the others are told by the one before.
      await next(1);
      await emulator.control.resetLog();
      for (const count of [2, 3, 4]) await next(count);
      expect((await emulator.control.log()).statements).toEqual([]);
      const cli = world.sandbox.cli(['status', '--cost', '--json'], 'pipe');
      const { cost } = JSON.parse(await text(cli.stdout!)) as { cost: { destinations: DestinationCost[] } };
      expect(cost.destinations).toMatchObject([
        { streams: [contacts], report: { modes: [{ mode: 'backfill', runs: 1, batches: 1 }], findings: [] } },
      ]);
      await emulator.control.resetLog();

      for (const count of [5, 6]) {
        world.simulator.portal.change('contacts', { count: 5, seed: count });
        expect(await next(count)).toMatchObject({ outcome: 'staged' });
      }
      const { statements } = await emulator.control.log();
      expect(statements.map(({ sql }) => sql)).toContainEqual(expect.stringMatching(/^PUT /i));
      expect(statements.filter(({ needsWarehouse }) => needsWarehouse)).toEqual([]);
      const connection = connectionTo(world.temporal);
      const order = { mode: 'incremental', input: { stream: contacts }, summary: 'by hand' } as const;
      const begun = await beginApplying(connection, order, {
        taskQueue: defaultTaskQueue,
        warn: () => {},
        queuedWithinMs: null,
      });
      const handle = client.workflow.getHandle((begun as RunTarget).workflowId);
      expect(await handle.result()).toMatchObject({ outcome: 'changed', batches: 1 });
      await schedule.delete();
      await worker.stop();
      await account.copyOut();
      await expectWhole(world);
    },
  );
});

async function hasCome({ emulator }: SnowflakeWorld, match: string): Promise<boolean> {
  const { statements } = await emulator.control.log();
  return statements.some(({ sql }) => new RegExp(match, 'is').test(sql));
}
