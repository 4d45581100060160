import { ApplicationFailure } from '@temporalio/workflow';

/**
 * The failure a run ends with: that of the step that caused it, with its type, so that people and clients see the reason
 * and not "Activity task failed". A step that ran out of time failed for the reason of its last attempt.
 */
export function runFailure(error: unknown): ApplicationFailure {
  let cause: ApplicationFailure | null = null;
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof ApplicationFailure) cause = inner;
  }
  if (cause !== null) {
    return ApplicationFailure.create({ type: cause.type ?? 'Unexpected', message: cause.message, nonRetryable: true });
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return ApplicationFailure.create({ type: 'Unexpected', message: text, nonRetryable: true });
}
