import { sleep } from '@temporalio/workflow';
import { stepsOn } from '../../workflows/activity-options.ts';
import type { BackfillInput } from '../../workflows/messages.ts';

/** What a careless change looks like: a timer before the first activity. Replay has to notice. */
export async function backfill({ stream }: BackfillInput): Promise<void> {
  await sleep('1 second');
  const name = { stream, mode: 'backfill', run: 'run', runStartedAt: '2026-01-01T00:00:00.000Z' } as const;
  await stepsOn(null).steps.planBackfill({ ...name, resume: 'auto' });
}
