import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { describeError, LongWait, SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';

/** A fault of ours may come from a passing state of the machine; one that comes back is not worth days of attempts. */
const maxUnexpectedAttempts = 5;

/** The one place where an error becomes a Temporal failure: type = kind, text without values, retry as the kind says. */
export function failureInterceptor(
  { activityType, attempt }: { activityType: string; attempt: number },
  log: Log,
): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
        if (error instanceof SyncError) throw toFailure(error);
        log.error({ activityType, error: placeOf(error) }, 'unexpected error');
        throw ApplicationFailure.create({
          type: 'Unexpected',
          message: `${activityType} failed unexpectedly: ${placeOf(error)}; next: report this line as an issue`,
          nonRetryable: attempt >= maxUnexpectedAttempts,
        });
      }
    },
  };
}

function toFailure(error: SyncError): ApplicationFailure {
  const retryAfterMs = error instanceof LongWait ? msUntil(error.wait.until) : error.retryAfterMs;
  return ApplicationFailure.create({
    type: error.kind,
    message: describeError(error),
    nonRetryable: !error.isRetryable,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
    ...(error.kind === 'RateLimited' ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

function msUntil(instant: string | null): number | undefined {
  return instant === null ? undefined : Math.max(0, Date.parse(instant) - Date.now());
}

/** Name, code and the innermost frame: where it happened. The text is left out, since a driver may put values into it. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as NodeJS.ErrnoException;
  const frame = /at .*?([^/\\(]+\.[cm]?[jt]s:\d+)/.exec(error.stack ?? '')?.[1];
  return [error.name, code, frame].filter((part) => part !== undefined).join(' ');
}
