import type { Positions } from '../model/positions.ts';
import { syncWorkflowId, workflowNames } from '../model/workflow-id.ts';
import type { IncrementalResult } from '../workflows/messages.ts';
import type { ModeStatus } from './mode-status.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** So many runs that ended well, newest first, are looked through for one that knows positions. */
const looksAt = 5;

/**
 * How far incremental runs have come, by what the last one that was done left to the next: no destination is asked. Null where
 * none within the namespace's retention knows.
 */
export async function readPositions(
  temporal: TemporalConnection,
  stream: string,
  latest: ModeStatus | null,
): Promise<Positions | null> {
  const known = latest?.end?.kind === 'done' ? positionsOf(latest.end.result as IncrementalResult) : null;
  if (known !== null || latest === null) return known;
  const id = syncWorkflowId('incremental', stream);
  const query = [
    `WorkflowType = "${workflowNames.incremental.type}"`,
    `ExecutionStatus = "Completed"`,
    `(WorkflowId = "${id}" OR TemporalScheduledById = "${id}")`,
  ].join(' AND ');
  let looked = 0;
  for await (const { workflowId, runId } of temporal.client.workflow.list({ query, pageSize: looksAt })) {
    const handle = temporal.client.workflow.getHandle<() => Promise<IncrementalResult>>(workflowId, runId);
    const positions = positionsOf(await handle.result());
    looked += 1;
    if (positions !== null || looked === looksAt) return positions;
  }
  return null;
}

function positionsOf({ next }: IncrementalResult): Positions | null {
  return next?.positions ?? null;
}
