import { dirname } from 'node:path';
import { NativeConnection, Worker, type NativeConnectionOptions, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import { failureInterceptor } from '../activities/failure-interceptor.ts';
import { KnownVersions } from '../activities/known-versions.ts';
import { dataConverterOf, encodesFailures } from '../codec/data-converter.ts';
import { readEnvironment } from '../config/environment.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { MonitoringSettings } from '../config/monitoring.ts';
import { resolveStream } from '../config/resolve-stream.ts';
import { SyncError } from '../model/errors.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { openTraces } from '../tracing/open-traces.ts';
import { asVersion } from './deployment-version.ts';
import { heldApplier } from './apply-held.ts';
import { reconcileCaller } from './call-reconcile.ts';
import { runningCheck } from './running-check.ts';
import { openConnectors } from './connectors.ts';
import { serveHealth, urlOf } from './health-server.ts';
import { logContextInterceptors } from './log-context.ts';
import { createLogger } from './logger.ts';
import { openMonitoring } from './monitoring.ts';
import { runOwnerWorkers } from './owner-workers.ts';
import { runTogether } from './run-together.ts';
import { runWorkerUntil } from './run-worker-until.ts';
import { installRuntime } from './runtime.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { workflowBundle } from './workflow-bundle.ts';
import { keepHeapSmall } from './small-heap.ts';
import { temporalProbe } from './temporal-probe.ts';
import { traceInterceptor } from './trace-steps.ts';
import { WorkerHealth } from './worker-health.ts';

export interface RunWorkerOptions {
  readonly config: LoadedConfig;
  readonly connection: NativeConnectionOptions;
  readonly namespace: string;
  /** Aborted to shut down: running extractions hand back short chunks first. */
  readonly signal: AbortSignal;
  /** Called once the worker polls, with what it serves. */
  readonly onReady?: (endpoints: readonly WorkerEndpoint[]) => void;
  /** Makes the worker one version of a Worker Deployment: it gets no run before that version is made current. */
  readonly deployment?: { readonly name: string; readonly buildId: string } | undefined;
}

export interface WorkerEndpoint {
  readonly name: 'metrics' | 'health';
  readonly url: string;
}

/** Runs a worker for all pipelines of a config until `signal` aborts. Rejects where the server cannot be reached. */
export async function runWorker(request: RunWorkerOptions): Promise<void> {
  const { config, connection, namespace, signal, onReady, deployment } = request;
  const log = createLogger(process.env['SLUICE_LOG_LEVEL'] ?? 'info');
  const settings = config.monitoring();
  installRuntime(log, settings.metrics);
  keepHeapSmall();
  const keyRing = config.keyRing();
  const dataConverter = dataConverterOf(keyRing);
  await using closing = new AsyncDisposableStack();
  const health = new WorkerHealth(config, signal);
  if (settings.health !== null) closing.use(await serveHealth(settings.health, health));
  const traces = closing.adopt(
    await openTraces({
      variables: readEnvironment(dirname(config.path), process.env),
      answerWithinMs: 5_000,
      closeWithinMs: 5_000,
      warn: (reason) => log.warn({}, reason),
    }),
    (open) => open.close(),
  );
  const native = closing.adopt(await NativeConnection.connect(connection), (open) => open.close());
  const owned = closing.use(new DisposableStack());
  const connectors = closing.adopt(openConnectors(config, log), (open) => open.close());
  const { taskQueue } = config.temporal;
  health.temporal = temporalProbe(native, namespace);
  const canSetSearchAttributes = await ensureSearchAttributes(native, namespace, log);
  const monitoring = closing.adopt(
    openMonitoring({
      config,
      settings,
      connection: native,
      namespace,
      dataConverter,
      connectors,
      canSetSearchAttributes,
      traces,
      log,
    }),
    (open) => open.close(),
  );
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
    canSetSearchAttributes,
    hashKey: () => config.hashKey(),
    knownVersions: new KnownVersions(),
    callReconcile: reconcileCaller({ connection: native, namespace, dataConverter, taskQueue }),
    applyHeld: heldApplier({ connection: native, namespace, dataConverter, log }),
    isRunning: runningCheck({ connection: native, namespace, dataConverter }),
    noteQuarantine: monitoring.noteQuarantine,
    log,
  });
  const options = {
    connection: native,
    namespace,
    dataConverter,
    activities,
    interceptors: {
      activity: [
        ({ info }) => logContextInterceptors(info),
        ({ info }) => ({ inbound: traceInterceptor(info, traces) }),
        ({ info }) => ({ inbound: failureInterceptor(info, log) }),
      ],
    },
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    // A merge under way has this long to commit; then extraction is cancelled and hands back what it has read.
    shutdownGraceTime: '1s',
    shutdownForceTime: '60s',
  } satisfies Partial<WorkerOptions>;
  const worker = await Worker.create({
    ...options,
    taskQueue,
    // Not that of an owner queue: its one poller serves the runs of every version.
    ...(deployment === undefined ? {} : { workerDeploymentOptions: asVersion(deployment) }),
    sinks: monitoring.sinks,
    workflowBundle: await workflowBundle(config.dataDir, encodesFailures(keyRing) ? 'encoded' : 'plain'),
    // A killed worker's cached runs are picked up by the next one after this.
    stickyQueueScheduleToStartTimeout: '3s',
  });
  health.worker = worker;
  await runTogether(signal, [
    (until) => runWorkerUntil(until, worker, () => onReady?.(endpointsOf(settings))),
    (until) => monitoring.watch(until, worker.options.identity),
    (until) =>
      runOwnerWorkers(until, {
        destinations: config.destinationNames,
        openDestination: (name) => connectors.destination(name),
        createWorker: async (ownerQueue) => Worker.create({ ...options, taskQueue: ownerQueue }),
        owned,
        onState: (name, state) => health.destinations.set(name, state),
        log,
      }),
  ]);
}

function endpointsOf({ metrics, health }: MonitoringSettings): WorkerEndpoint[] {
  return [
    ...(metrics === null ? [] : [{ name: 'metrics', url: `${urlOf(metrics)}/metrics` } as const]),
    ...(health === null ? [] : [{ name: 'health', url: `${urlOf(health)}/healthz` } as const]),
  ];
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
