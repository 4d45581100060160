import { Runtime, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { ListenAddress } from '../config/monitoring.ts';
import { cannotListen } from './health-server.ts';
import { temporalLogger } from './logger.ts';

let isInstalled = false;

/**
 * Sets up the SDK's process-wide runtime, once. It gets no signal handlers of its own: who runs the worker decides what
 * Ctrl-C means. With an address it serves `/metrics` there, the SDK's and our own; throws `ConfigInvalid` where it cannot.
 */
export function installRuntime(log: Logger, metrics: ListenAddress | null): void {
  if (isInstalled) return;
  const options: RuntimeOptions = {
    logger: temporalLogger(log),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: 'WARN' },
      ...(metrics === null ? {} : { metrics: { prometheus: prometheusAt(metrics) } }),
    },
  };
  try {
    Runtime.install(options);
  } catch (error) {
    if (metrics === null || !/prometheus/i.test((error as Error).message)) throw error;
    throw cannotListen('metrics', metrics, /os error \d+/.exec((error as Error).message)?.[0] ?? 'not to be had');
  }
  isInstalled = true;
}

function prometheusAt({ host, port }: ListenAddress) {
  const bindAddress = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { bindAddress, useSecondsForDurations: true, unitSuffix: true };
}
