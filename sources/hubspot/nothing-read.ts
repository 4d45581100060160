import type { RequestCounts } from '../../model/batch.ts';
import { LongWait } from '../../model/errors.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';

/**
 * What an extract hands back that was stopped before it staged anything, by a long wait or by its signal. Raises every
 * other error again.
 */
export function nothingRead(error: unknown, request: ExtractRequest, requests: RequestCounts): ExtractOutcome {
  const wait = error instanceof LongWait ? error.wait : null;
  if (wait === null && !request.signal.aborted) throw error;
  return {
    frontier: request.frontier,
    records: 0,
    knownRecords: 0,
    tooManyHits: null,
    absentColumns: [],
    roundedValues: 0,
    requests,
    wait,
  };
}
