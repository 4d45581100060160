import { continueAsNew } from '@temporalio/workflow';
import type { ReconcileInput, ReconcileResult, SoftDeleteInput } from './messages.ts';
import { requireStart } from './start-check.ts';
import { SyncRun } from './sync-run.ts';
import { installApproval, settleVanished } from './vanished.ts';

/**
 * Makes rows tombstones whose records lie in the source's bin, and tombstones alive again whose records have left it. Start it
 * under the id `soft-delete/<pipeline>.<stream>`, or by a schedule of that id.
 */
export async function softDelete(input: SoftDeleteInput): Promise<ReconcileResult> {
  requireStart('softDelete', input);
  const { sync, result } = await listAndSettle(input, 'softDelete');
  return result ?? continueAsNew<typeof softDelete>({ ...input, continued: sync.continuation });
}

/**
 * Lists every id and version at the source once, compares them with the table, re-reads what is missing or stale, and flags what
 * is nowhere any more. Start it under the id `reconcile/<pipeline>.<stream>`, or by a schedule of that id.
 */
export async function reconcile(input: ReconcileInput): Promise<ReconcileResult> {
  requireStart('reconcile', input);
  const { sync, result } = await listAndSettle(input, 'reconcile');
  return result ?? continueAsNew<typeof reconcile>({ ...input, continued: sync.continuation });
}

/** Null where the run has to continue as new. */
async function listAndSettle(
  input: ReconcileInput,
  mode: 'softDelete' | 'reconcile',
): Promise<{ sync: SyncRun; result: ReconcileResult | null }> {
  const { stream, mayStretch = false, continued = null } = input;
  const sync = new SyncRun({ mode, stream, continued });
  installApproval(sync);
  const result = await sync.guard(async () => {
    const planned =
      continued ??
      (await sync.plan(() =>
        sync.steps.planListing.executeWithOptions({ summary: stream }, [{ ...sync.name, mode, mayStretch }]),
      ));
    if ('reason' in planned) {
      const { reason, needsBackfill } = planned;
      return { ...sync.nothingRead(reason), vanished: null, ...(needsBackfill ? { needsBackfill } : {}) };
    }
    sync.begin(planned);
    if (!(await settleVanished(sync, mode === 'reconcile' ? 'all' : 'restored'))) return null;
    return { ...(await sync.finish()).result, vanished: sync.status.vanished };
  });
  return { sync, result };
}
