import { ApplicationFailure } from '@temporalio/workflow';

/** Anyone may start a workflow by hand: what they got wrong is a failed run that says so, and not a stuck one. */
export function invalidStart(what: string, next: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'ConfigInvalid', message: `${what}; next: ${next}`, nonRetryable: true });
}
