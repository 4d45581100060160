import { expect, it } from 'vitest';
import { parseSyncWorkflowId, syncWorkflowId } from '../../model/workflow-id.ts';
import { syncModes } from '../../model/plan.ts';
import { contextOf, logContext, logContextInterceptors } from '../../worker/log-context.ts';

const info = { activityType: 'mergeChunk', attempt: 2, workflowExecution: { workflowId: 'backfill/crm.contacts' } };
const named = { stream: 'crm.contacts', mode: 'backfill', run: 'r1' };
const context = { ...named, workflowId: 'backfill/crm.contacts', activity: 'mergeChunk', attempt: 2 };

it('names the run of an activity in whatever is logged within it, and nothing of its argument beside', async () => {
  expect(contextOf(info, { ...named, batch: { secret: 1 }, generation: 3 })).toEqual(context);
  expect(contextOf(info, undefined)).toEqual({
    workflowId: 'backfill/crm.contacts',
    activity: 'mergeChunk',
    attempt: 2,
  });

  const { inbound, outbound } = logContextInterceptors(info);
  const seen = await inbound!.execute!({ args: [named], headers: {} }, async () => {
    await Promise.resolve();
    return logContext();
  });
  expect(seen).toEqual(context);
  expect(outbound!.getLogAttributes!({}, () => ({ activityId: '7' }))).toEqual({ activityId: '7', ...context });
  expect(logContext()).toEqual({});
});

it('tells stream and mode from a workflow id', () => {
  for (const mode of syncModes) {
    const id = syncWorkflowId(mode, 'crm.line_items-2');
    expect(parseSyncWorkflowId(id)).toEqual({ mode, stream: 'crm.line_items-2' });
    expect(parseSyncWorkflowId(`${id}-2026-11-28T12:00:00Z`)).toEqual({ mode, stream: 'crm.line_items-2' });
  }
  for (const id of ['inspect/check-2026-11-28T12:00:00Z', 'backfill/', 'other', '']) {
    expect(parseSyncWorkflowId(id)).toBeNull();
  }
});
