import {
  continueAsNew,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillInput, BackfillResult, ResyncInput } from './messages.ts';
import { requireStart } from './start-check.ts';
import { SyncRun } from './sync-run.ts';
import { installApproval, settleVanished } from './vanished.ts';

/**
 * Copies a stream, or the part of it that the input names, from source to destination: plan, then chunk after chunk,
 * each staged and merged with its ledger row in one transaction. A replacement then flags what it did not meet; an adoption
 * reads nothing, and has all compared. Start it under the id `backfill/<pipeline>.<stream>`.
 */
export async function backfill(input: BackfillInput): Promise<BackfillResult> {
  requireStart('backfill', input);
  const { continued = null, ...request } = input;
  const { stream, ids } = request;
  const sync = new SyncRun({ mode: 'backfill', stream, continued });
  installApproval(sync);
  const result = await sync.guard(async () => {
    sync.begin(
      continued ??
        (await sync.plan(() =>
          sync.steps.planBackfill.executeWithOptions({ summary: stream }, [
            { ...request, mode: 'backfill', ...sync.name },
          ]),
        )),
    );
    const isComplete = sync.settled.comparesAfter ? await settleVanished(sync, 'vanished') : await sync.readToTheEnd();
    if (!isComplete) return null;
    const result = await finish(sync, ids);
    return request.adopt ? { ...result, adopted: { reconcile: await callReconcile(sync) } } : result;
  });
  return result ?? continueOnNewVersion({ ...input, continued: sync.continuation });
}

/**
 * Hours long, so a backfill stays with the version of the workers it began on until it continues as new. All other workflows
 * move on at once. The server refuses either of a worker that is no version of a Worker Deployment.
 */
setWorkflowOptions(() => (isVersioned() ? { versioningBehavior: 'PINNED' } : {}), backfill);

function continueOnNewVersion(input: BackfillInput): Promise<never> {
  const options = isVersioned() ? ({ initialVersioningBehavior: 'AUTO_UPGRADE' } as const) : {};
  return makeContinueAsNewFunc<typeof backfill>(options)(input);
}

function isVersioned(): boolean {
  return Boolean(workflowInfo().currentDeploymentVersion?.deploymentName);
}

/**
 * Reads named records again and makes their rows equal: what the source no longer has becomes a tombstone. Start it under the
 * id `resync/<pipeline>.<stream>`; it may run beside any other run.
 */
export async function resync(input: ResyncInput): Promise<BackfillResult> {
  requireStart('resync', input);
  const { stream, ids, continued = null } = input;
  const sync = new SyncRun({ mode: 'resync', stream, continued });
  const result = await sync.guard(async () => {
    sync.begin(
      continued ??
        (await sync.plan(() =>
          sync.steps.planBackfill.executeWithOptions({ summary: stream }, [
            { ids: ids ?? [], mode: 'resync', ...sync.name },
          ]),
        )),
    );
    return (await sync.readToTheEnd()) ? finish(sync, ids) : null;
  });
  return result ?? continueAsNew<typeof resync>({ ...input, continued: sync.continuation });
}

/** What another tool has left out of the table, a reconciliation finds: without one, what was adopted may stay as it is. */
async function callReconcile(sync: SyncRun): Promise<NonNullable<BackfillResult['adopted']>['reconcile']> {
  const { stream } = sync.name;
  try {
    return (await sync.steps.callReconcile({ stream, records: null })).kind;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the table was adopted, and no reconciliation could be called; the schedule makes the next one', {
      error,
    });
    return 'failed';
  }
}

async function finish(sync: SyncRun, ids: readonly string[] | undefined): Promise<BackfillResult> {
  const { result } = await sync.finish();
  const { read, tombstones } = result.totals;
  return {
    ...result,
    missingIds: Math.max(0, (ids === undefined ? 0 : new Set(ids).size) - (read - tombstones)),
    watermark: sync.settled.positions?.settled ?? null,
    vanished: sync.status.vanished,
  };
}
