import { syncModes, type SyncMode } from './plan.ts';

export const defaultTaskQueue = 'sluice';

/** Workflow types and the first part of their ids, by mode. */
export const workflowNames = {
  backfill: { type: 'backfill', id: 'backfill' },
  incremental: { type: 'incremental', id: 'incremental' },
  softDelete: { type: 'softDelete', id: 'soft-delete' },
  reconcile: { type: 'reconcile', id: 'reconcile' },
  resync: { type: 'resync', id: 'resync' },
} as const satisfies Record<SyncMode, { type: string; id: string }>;

/** The fixed id of a stream's runs of one mode: the id is what keeps a second one from starting beside it. */
export function syncWorkflowId(mode: SyncMode, stream: string): string {
  return `${workflowNames[mode].id}/${stream}`;
}

/** Also the schedule's id; runs that it starts have the time behind their id. */
export function scheduleId(mode: SyncMode, stream: string): string {
  return syncWorkflowId(mode, stream);
}

/** Whether a run of the stream may have this id: the fixed one, or with the time that a schedule puts behind it. */
export function isSyncWorkflowId(id: string, mode: SyncMode, stream: string): boolean {
  const fixed = syncWorkflowId(mode, stream);
  return id === fixed || (id.startsWith(`${fixed}-`) && /^\d{4}-\d\d-\d\dT/.test(id.slice(fixed.length + 1)));
}

/** Whose run has this id; null where it is no sync's. */
export function parseSyncWorkflowId(id: string): { readonly mode: SyncMode; readonly stream: string } | null {
  const slash = id.indexOf('/');
  const mode = syncModes.find((name) => workflowNames[name].id === id.slice(0, slash));
  const stream = id.slice(slash + 1).replace(/-\d{4}-\d\d-\d\dT[^/]*$/, '');
  return mode === undefined || stream === '' ? null : { mode, stream };
}

/** One reset of a stream at a time. */
export function resetWorkflowId(stream: string): string {
  return `reset/${stream}`;
}

/** Like an inspection: what it does is the same however many do it. */
export function mendWorkflowId(startedAt: string): string {
  return `mend/${startedAt}`;
}

/** Any number of inspections may run at once, so the time makes the id unique. */
export function inspectWorkflowId(verb: string, startedAt: string): string {
  return `inspect/${verb}-${startedAt}`;
}
