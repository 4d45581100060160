import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import type { SyncMode } from '../../model/plan.ts';
import { syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import { progressQuery, type SyncProgress } from '../../workflows/messages.ts';
import type { FakeSteps } from './fake-steps.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { startTestTemporal, type TestTemporal } from './temporal.ts';
import { todaysWorkflows } from './todays-workflows.ts';

/** A started run, whatever its workflow. */
export type RunHandle = WorkflowHandleWithFirstExecutionRunId;

/** The workflows as they are bundled for production, over fake steps and a real server. */
export class WorkflowWorld implements AsyncDisposable {
  readonly temporal: TestTemporal;
  readonly #native: NativeConnection;
  readonly #workflowBundle: WorkflowBundleOption;

  static async open(): Promise<WorkflowWorld> {
    quietRuntime();
    const temporal = await startTestTemporal();
    const native = await NativeConnection.connect({ address: temporal.server.address });
    return new WorkflowWorld({ temporal, native, bundle: await todaysWorkflows() });
  }

  private constructor(parts: { temporal: TestTemporal; native: NativeConnection; bundle: WorkflowBundleOption }) {
    this.temporal = parts.temporal;
    this.#native = parts.native;
    this.#workflowBundle = parts.bundle;
  }

  /** Runs one workflow while a worker is there; every workflow task replays from the start of history. */
  async run<T>(
    fake: FakeSteps,
    start: { mode: SyncMode; stream: string; input?: object; workflowId?: string; maxCachedWorkflows?: number },
    body: (handle: RunHandle, taskQueue: string) => Promise<T>,
  ): Promise<T> {
    const taskQueue = `test-${Math.random().toString(36).slice(2)}`;
    const worker = await this.createWorker(fake, taskQueue, start.maxCachedWorkflows ?? 0);
    const { mode, stream, input = { stream } } = start;
    return worker.runUntil(async () => {
      const handle = await this.temporal.client.workflow.start(workflowNames[mode].type, {
        taskQueue,
        workflowId: start.workflowId ?? syncWorkflowId(mode, stream),
        args: [input],
        // Without a cache, a query beside a task may cost the task: it comes again after this.
        workflowTaskTimeout: '5 seconds',
      });
      return body(handle, taskQueue);
    });
  }

  get native(): NativeConnection {
    return this.#native;
  }

  createWorker(
    fake: Pick<FakeSteps, 'activities' | 'sinks'>,
    taskQueue: string,
    maxCachedWorkflows = 0,
    more: Pick<WorkerOptions, 'interceptors'> = {},
  ): Promise<Worker> {
    return Worker.create({
      connection: this.#native,
      taskQueue,
      workflowBundle: this.#workflowBundle,
      activities: fake.activities,
      sinks: fake.sinks,
      maxCachedWorkflows,
      maxHeartbeatThrottleInterval: '100ms',
      defaultHeartbeatThrottleInterval: '100ms',
      ...more,
    });
  }

  /** Takes activities alone. */
  createActivityWorker(activities: object, taskQueue: string): Promise<Worker> {
    return Worker.create({ connection: this.#native, taskQueue, activities });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#native.close();
    await this.temporal.stop();
  }
}

export function progressOf(handle: RunHandle): Promise<SyncProgress> {
  return handle.query(progressQuery);
}
