import { DefaultLogger, Runtime } from '@temporalio/worker';

/** Keeps the SDK's own log out of test output, but for errors. Once per process. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
  });
}
