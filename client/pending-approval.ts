import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { parseErrorText } from '../model/errors.ts';
import type { SyncMode } from '../model/plan.ts';
import { approveDeletesUpdate, progressQuery, type ApproveArgs, type PendingApproval } from '../workflows/messages.ts';
import { noWorker } from './ask-workflow.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';
import { observeOpen } from './observe-run.ts';
import { rootFailure } from './run-end.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { noteCommand } from './trace-command.ts';

/** Modes whose runs compare all ids, and so may wait for an approval. */
const comparingModes: readonly SyncMode[] = ['reconcile', 'backfill'];

export interface FoundApproval {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly workflowId: string;
  readonly approval: PendingApproval;
}

/** What of the stream waits for a person. Throws a usage error where nothing does, and exit code 5 where no worker can tell. */
export async function findPending(temporal: TemporalConnection, stream: string): Promise<FoundApproval> {
  const open = (await Promise.all(comparingModes.map((mode) => observeOpen(temporal, { mode, stream })))).flat();
  for (const { mode, workflowId, progress } of open) {
    if (progress?.approval) return { stream, mode, workflowId, approval: progress.approval };
  }
  const unheard = open.find(({ progress }) => progress === null);
  if (unheard !== undefined) throw noWorker(unheard.taskQueue);
  throw new CliError(exitCode.usage, `nothing of ${stream} waits for an approval`, { next: `sluice status ${stream}` });
}

/**
 * A query may be answered from events that no workflow task has taken up yet, and an update that comes with that task is
 * judged before them: what a run has just asked for, it may refuse for an instant.
 */
const refusedTooEarly = { attempts: 10, pauseMs: 200 };

/** Approves by digest; throws a usage error where the run refuses it, since other rows wait by now or none do. */
export async function approve(
  temporal: TemporalConnection,
  { stream, mode, workflowId, approval }: FoundApproval,
  { digest, by }: Pick<ApproveArgs, 'digest' | 'by'>,
): Promise<PendingApproval> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  const args: ApproveArgs = { run: approval.run, digest, ...(by === undefined ? {} : { by }) };
  const startedAtMs = Date.now();
  for (let attempt = 1; ; attempt++) {
    try {
      const approved = await handle.executeUpdate(approveDeletesUpdate, { args: [args] });
      const target = { mode, stream, workflowId, run: approval.run };
      noteCommand(temporal.traces, 'UpdateWorkflow:approveDeletes', { ...target, startedAtMs });
      return approved;
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      if (attempt === refusedTooEarly.attempts || !(await isWaitingFor(handle, args))) throw notApproved(stream, error);
      await sleep(refusedTooEarly.pauseMs);
    }
  }
}

/** Whether the run says that it waits for just this approval. */
async function isWaitingFor(handle: WorkflowHandle, { run, digest }: ApproveArgs): Promise<boolean> {
  const progress = await handle.query(progressQuery).catch(() => null);
  return progress?.approval?.run === run && progress.approval.digest === digest;
}

function notApproved(stream: string, error: WorkflowUpdateFailedError): CliError {
  const { message, next } = parseErrorText(rootFailure(error.cause)?.message ?? error.cause?.message ?? error.message);
  return new CliError(exitCode.usage, `${stream}: not approved: ${message}`, {
    next: next ?? `sluice approve ${stream}`,
    cause: error,
  });
}
