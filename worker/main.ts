import { NativeConnection, Worker, type NativeConnectionOptions } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import { failureInterceptor } from '../activities/failure-interceptor.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveStream } from '../config/resolve-stream.ts';
import { SyncError } from '../model/errors.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { openConnectors } from './connectors.ts';
import { createLogger } from './logger.ts';
import { installRuntime } from './runtime.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { workflowBundle } from './workflow-bundle.ts';
import { keepHeapSmall } from './small-heap.ts';

export interface RunWorkerOptions {
  readonly config: LoadedConfig;
  readonly connection: NativeConnectionOptions;
  readonly namespace: string;
  /** Aborted to shut down: running extractions hand back short chunks first. */
  readonly signal: AbortSignal;
  /** Called once the worker polls. */
  readonly onReady?: () => void;
}

/** Runs a worker for all pipelines of a config until `signal` aborts. Rejects where the server cannot be reached. */
export async function runWorker({ config, connection, namespace, signal, onReady }: RunWorkerOptions): Promise<void> {
  const log = createLogger(process.env['SLUICE_LOG_LEVEL'] ?? 'info');
  installRuntime(log);
  keepHeapSmall();
  const native = await NativeConnection.connect(connection);
  const connectors = openConnectors(config, log);
  try {
    const activities = createActivities({
      workerText: `runs ${config.path}, as it was at ${new Date().toISOString()}`,
      streamSettings: (stream) => settingsOf(config, stream),
      pipelineStreams: (pipeline) =>
        config.streamNames.filter((name) => name.startsWith(`${pipeline}.`)).map((name) => config.stream(name)),
      pipelines: () => [...new Set(config.streamNames.map((name) => name.split('.')[0]!))],
      source: (name) => connectors.source(name),
      destination: (name) => connectors.destination(name),
      stageRoot: config.stageDir,
      fewestPerChunk: config.fewestPerChunk,
      canSetSearchAttributes: await ensureSearchAttributes(native, namespace, log),
      log,
    });
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue: config.temporal.taskQueue,
      workflowBundle: await workflowBundle(config.dataDir),
      activities,
      interceptors: {
        activity: [({ info }) => ({ inbound: failureInterceptor(info, log) })],
      },
      maxHeartbeatThrottleInterval: '1s',
      defaultHeartbeatThrottleInterval: '1s',
      // A killed worker's cached runs are picked up by the next one after this.
      stickyQueueScheduleToStartTimeout: '3s',
      // A merge under way has this long to commit; then extraction is cancelled and hands back what it has read.
      shutdownGraceTime: '1s',
      shutdownForceTime: '60s',
    });
    await runUntil(worker, signal, onReady);
  } finally {
    await connectors.close();
    await native.close();
  }
}

/** What the worker does not know may well be in the file by now, or in another one. */
function settingsOf(config: LoadedConfig, stream: string): StreamSettings {
  try {
    return resolveStream(config, stream);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    throw new SyncError(error.kind, `${error.message} (as the worker read it)`, {
      next: `correct ${config.path} and restart the worker: it reads its config when it starts`,
    });
  }
}

async function runUntil(worker: Worker, signal: AbortSignal, onReady?: () => void): Promise<void> {
  const shutdown = () => worker.shutdown();
  signal.addEventListener('abort', shutdown, { once: true });
  const running = worker.run();
  // A worker that was created has to run before it can end.
  if (signal.aborted) shutdown();
  else onReady?.();
  try {
    await running;
  } finally {
    signal.removeEventListener('abort', shutdown);
  }
}
