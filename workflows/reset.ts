import { workflowInfo } from '@temporalio/workflow';
import { resetWorkflowId } from '../model/workflow-id.ts';
import { placeOf, stepsOn } from './activity-options.ts';
import { invalidStart } from './invalid-start.ts';
import type { ResetInput, ResetResult } from './messages.ts';

/** Begins a stream anew: its positions and resume points count no more, and what still runs for it is fenced. */
export async function reset({ stream, tableRows }: ResetInput): Promise<ResetResult> {
  const { workflowId, firstExecutionRunId: request } = workflowInfo();
  if (typeof stream !== 'string' || !['keep', 'drop'].includes(tableRows)) {
    throw invalidStart(
      'a reset needs its stream',
      'give {"stream": "<pipeline>.<stream>", "tableRows": "keep" or "drop"}',
    );
  }
  if (workflowId !== resetWorkflowId(stream)) {
    throw invalidStart(
      `a reset of ${stream} runs under the workflow id ${resetWorkflowId(stream)}`,
      'start it again so',
    );
  }
  const { steps } = stepsOn(await placeOf(stream));
  const { generation } = await steps.resetStream.executeWithOptions({ summary: stream }, [
    { stream, request, tableRows },
  ]);
  return { stream, generation };
}
