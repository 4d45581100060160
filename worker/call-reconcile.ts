import { Client, ScheduleNotFoundError } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, type DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { SyncError } from '../model/errors.ts';
import { scheduleId, syncWorkflowId, workflowNames } from '../model/workflow-id.ts';
import { runningCheck } from './running-check.ts';
import type { ReconcileInput } from '../workflows/messages.ts';

const answerWithinMs = 10_000;

interface ReconcileCallerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly dataConverter?: DataConverter;
}

export type CallReconcile = (stream: string, why: string) => Promise<'called' | 'alreadyRunning' | 'paused'>;

/**
 * Starts a reconciliation of a stream now: by its schedule where there is one, else under the stream's fixed id. Throws
 * `Unavailable` where Temporal does not answer.
 */
export function reconcileCaller({ taskQueue, ...server }: ReconcileCallerOptions): CallReconcile {
  const { connection } = server;
  const client = new Client(server);
  const isRunning = runningCheck(server);

  /** Null where the stream has no schedule. */
  const trigger: (stream: string) => Promise<'called' | 'alreadyRunning' | 'paused' | null> = async (stream) => {
    const schedule = client.schedule.getHandle(scheduleId('reconcile', stream));
    try {
      const { info, state } = await schedule.describe();
      if (state.paused) return 'paused';
      if (info.runningActions.length > 0) return 'alreadyRunning';
      // Left out, it would be ALLOW_ALL, whatever the schedule says.
      await schedule.trigger('SKIP');
      return 'called';
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return null;
      throw error;
    }
  };

  const start: CallReconcile = async (stream, why) => {
    const input: ReconcileInput = { stream };
    try {
      await client.workflow.start(workflowNames.reconcile.type, {
        workflowId: syncWorkflowId('reconcile', stream),
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `reconcile of ${stream}, ${why}`,
      });
      return 'called';
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'alreadyRunning';
      throw error;
    }
  };

  return async (stream, why) => {
    try {
      return await connection.withDeadline(Date.now() + answerWithinMs, async () => {
        // One that was started by hand has the fixed id, whether or not there is a schedule.
        if (await isRunning(syncWorkflowId('reconcile', stream))) return 'alreadyRunning';
        return (await trigger(stream)) ?? (await start(stream, why));
      });
    } catch (error) {
      throw new SyncError('Unavailable', `Temporal did not take the call of a reconciliation of ${stream}`, {
        cause: error,
      });
    }
  };
}
