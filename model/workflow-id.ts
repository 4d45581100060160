import { SyncError } from './errors.ts';
import { parseStreamName, type StreamName } from './stream-name.ts';

export const defaultTaskQueue = 'sluice';

/** The fixed id of a stream's backfill: the id is what keeps a second one from starting beside it. */
export function backfillWorkflowId(stream: string): string {
  return `backfill/${stream}`;
}

/** The stream whose backfill carries this id, or null for any other id. */
export function parseBackfillWorkflowId(workflowId: string): StreamName | null {
  const match = /^backfill\/(.+)$/.exec(workflowId);
  if (match === null) return null;
  try {
    parseStreamName(match[1]!);
    return match[1] as StreamName;
  } catch (error) {
    if (error instanceof SyncError) return null;
    throw error;
  }
}

/** Any number of inspections may run at once, so the time makes the id unique. */
export function inspectWorkflowId(verb: string, startedAt: string): string {
  return `inspect/${verb}-${startedAt}`;
}
