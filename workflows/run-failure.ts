import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/**
 * The failure a run ends with: that of the step that caused it, with its type, so that people and clients see the reason
 * and not "Activity task failed".
 */
export function runFailure(error: unknown): ApplicationFailure {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.create({ type: cause.type ?? 'Unexpected', message: cause.message, nonRetryable: true });
  }
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return ApplicationFailure.create({ type: 'Unexpected', message: text, nonRetryable: true });
}
