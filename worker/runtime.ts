import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { temporalLogger } from './logger.ts';

let isInstalled = false;

/**
 * Sets up the SDK's process-wide runtime, once. It gets no signal handlers of its own: who runs the worker decides what
 * Ctrl-C means.
 */
export function installRuntime(log: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: temporalLogger(log),
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: 'WARN' } },
  });
}
