import { setTimeout as sleep } from 'node:timers/promises';
import { it } from 'vitest';
import { ChaosWorld } from '../support/chaos-world.ts';
it('x', { timeout: 60_000 }, async () => {
  await using world = await ChaosWorld.open({ contacts: 100, seed: 1, chunkRecords: 100 });
  await world.startWorker().ready;
  await world.run('backfill');
  const { client } = world.temporal;
  for (const args of [[{ stream: 'crm.contacts' }]]) {
    const schedule = await client.schedule.create({
      scheduleId: 'incremental/crm.contacts',
      spec: { intervals: [{ every: '3 seconds' }] },
      policies: { overlap: 'BUFFER_ONE' },
      action: { type: 'startWorkflow', workflowType: 'incremental', workflowId: 'incremental/crm.contacts', taskQueue: 'sluice', args },
    });
    await sleep(14_000);
    await schedule.pause();
    await sleep(1500);
    for (const { action } of (await schedule.describe()).info.recentActions) {
      const h = client.workflow.getHandle(action.workflow.workflowId);
      const hist = await h.fetchHistory();
      const a = hist.events![0]!.workflowExecutionStartedEventAttributes!;
      const r = (await h.result()) as any;
      console.log('LAST', action.workflow.workflowId, r.next?.idleRuns, JSON.stringify(a.lastCompletionResult)?.slice(0, 200));
    }
  }
});
