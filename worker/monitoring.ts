import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Runtime, type InjectedSinks, type NativeConnection } from '@temporalio/worker';
import type { Sinks } from '@temporalio/workflow';
import type { MonitoringSettings } from '../config/monitoring.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Log } from '../model/log.ts';
import type { SyncMode } from '../model/plan.ts';
import type { RunReport } from '../model/run-report.ts';
import { SyncError } from '../model/errors.ts';
import type { RunTraces } from '../tracing/run-span.ts';
import { syncMode, syncStream } from '../workflows/messages.ts';
import { AlertSender } from './alert-sender.ts';
import type { Connectors } from './connectors.ts';
import { lookAtStream } from './look-at-stream.ts';
import { Monitor, type WaitingRun } from './monitor.ts';
import { isFirst, pollersOf } from './speaker.ts';
import { SyncMetrics } from './sync-metrics.ts';
import { spanOfReport } from './trace-runs.ts';

const lastAlertsWithinMs = 5_000;

/** The sink of `workflows/run-reports.ts`, from the worker's side. */
export interface RunSinks extends Sinks {
  readonly runs: { report(report: RunReport): void };
}

export interface Monitoring {
  /** For the worker's workflows. */
  readonly sinks: InjectedSinks<RunSinks>;
  /** For its activities. */
  readonly noteQuarantine: (stream: string, rows: number) => void;
  /** Watches until the signal aborts. `identity` is the worker's. */
  watch(signal: AbortSignal, identity: string): Promise<void>;
  /** Gives alerts that wait a last chance. */
  close(): Promise<void>;
}

interface MonitoringOptions {
  readonly config: LoadedConfig;
  readonly settings: MonitoringSettings;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly connectors: Connectors;
  readonly canSetSearchAttributes: boolean;
  readonly traces: RunTraces;
  readonly log: Log;
}

/** Puts together what watches this worker's streams. The runtime has to be installed. */
export function openMonitoring(options: MonitoringOptions): Monitoring {
  const { config, settings, connection, namespace, dataConverter, connectors, traces, log } = options;
  const client = new Client({ connection, namespace, dataConverter });
  const metrics = new SyncMetrics(Runtime.instance().metricMeter);
  const alerts = settings.alerts === null ? null : alertSender(settings.alerts, { metrics, log });
  let own: string | null = null;
  const monitor = new Monitor({
    streams: watchedStreams(config),
    metrics,
    alerts,
    look: (stream) => lookAtStream(client, stream),
    isSpeaker: async () =>
      own !== null && isFirst(own, await pollersOf(connection, { namespace, taskQueue: config.temporal.taskQueue })),
    waitingRuns: async () => (options.canSetSearchAttributes ? runsThatWait(client) : null),
    limitShares: () => limitSharesOf(connectors),
    log,
  });
  const takeReport = (workflowId: string, report: RunReport): void => {
    monitor.report(report);
    const span = spanOfReport(report, workflowId);
    if (span !== null) traces.note(span);
  };
  return {
    sinks: {
      runs: { report: { fn: ({ workflowId }, report) => takeReport(workflowId, report), callDuringReplay: false } },
    },
    noteQuarantine: (stream, rows) => metrics.quarantine(stream, rows),
    watch: (signal, identity) => {
      own = identity;
      return monitor.watch(signal);
    },
    close: async () => alerts?.close(lastAlertsWithinMs),
  };
}

function alertSender(
  settings: NonNullable<MonitoringSettings['alerts']>,
  { metrics, log }: { metrics: SyncMetrics; log: Log },
): AlertSender {
  metrics.introduceAlerts();
  return new AlertSender({
    ...settings,
    onDelivered: () => metrics.alertDelivered(),
    onLost: () => metrics.alertLost(),
    log,
  });
}

/** A stream whose variables are missing cannot run either, and its runs say so. */
function watchedStreams(config: LoadedConfig): { stream: string; limitMs: number | null }[] {
  return config.streamNames.flatMap((stream) => {
    try {
      return [{ stream, limitMs: config.stream(stream).freshnessMs }];
    } catch (error) {
      if (error instanceof SyncError) return [{ stream, limitMs: null }];
      throw error;
    }
  });
}

async function runsThatWait(client: Client): Promise<WaitingRun[]> {
  const waiting: WaitingRun[] = [];
  const query = `SyncPhase = 'needs approval' AND ExecutionStatus = 'Running'`;
  for await (const { typedSearchAttributes } of client.workflow.list({ query })) {
    const stream = typedSearchAttributes.get(syncStream);
    const mode = typedSearchAttributes.get(syncMode);
    if (stream !== undefined && mode !== undefined) waiting.push({ stream, mode: mode as SyncMode });
  }
  return waiting;
}

function limitSharesOf(connectors: Connectors): Map<string, number> {
  const shares = [...connectors.openSources()].map(([name, source]) => [name, source.limitShare()] as const);
  return new Map(shares.filter((entry): entry is readonly [string, number] => entry[1] !== null));
}
