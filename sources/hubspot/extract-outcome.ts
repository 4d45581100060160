import type { RequestCounts } from '../../model/batch.ts';
import { LongWait } from '../../model/errors.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';

/** An extract's outcome: with the frontier unmoved and nothing read, but for what is said. */
export function outcomeOf(
  { frontier }: ExtractRequest,
  part: Pick<ExtractOutcome, 'requests'> & Partial<ExtractOutcome>,
): ExtractOutcome {
  return {
    frontier,
    records: 0,
    knownRecords: 0,
    tooManyHits: null,
    absentColumns: [],
    roundedValues: 0,
    wait: null,
    ...part,
  };
}

/** That of an extract which a long wait or its signal stopped before it staged anything. Raises every other error again. */
export function stoppedOutcome(error: unknown, request: ExtractRequest, requests: RequestCounts): ExtractOutcome {
  const wait = error instanceof LongWait ? error.wait : null;
  if (wait === null && !request.signal.aborted) throw error;
  return outcomeOf(request, { requests, wait });
}
