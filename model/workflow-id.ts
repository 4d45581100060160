export const defaultTaskQueue = 'sluice';

/** The fixed id of a stream's backfill: the id is what keeps a second one from starting beside it. */
export function backfillWorkflowId(stream: string): string {
  return `backfill/${stream}`;
}

/** Any number of inspections may run at once, so the time makes the id unique. */
export function inspectWorkflowId(verb: string, startedAt: string): string {
  return `inspect/${verb}-${startedAt}`;
}
