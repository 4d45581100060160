import { adoptedPositions, type Adoption, type AdoptRequest, requireAdoptable, type TableFacts } from './adoption.ts';
import { type LedgerHead, zeroRequests } from './batch.ts';
import type { ChainStep } from './chain-step.ts';
import { zeroCounts } from './counts.ts';
import { headAfter } from './head-after.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { Positions } from './positions.ts';

/** The one batch of a run that adopts. */
export function adoptionStep({ run, plan: { stream, table }, generation }: AdoptRequest): ChainStep & {
  readonly batchId: string;
} {
  const batchId = `${run}-1-adopt`;
  return { stream, table, run, generation, mode: 'backfill', sequence: 1, predecessor: null, batchId };
}

/**
 * What the counts of a table make of an adoption: the row for the ledger, and what the run is told once that is written. Raises
 * as `requireAdoptable` does.
 */
export function concludeAdoption(
  request: AdoptRequest,
  head: LedgerHead,
  facts: TableFacts,
): { readonly entry: LedgerEntry; readonly adoption: Adoption } {
  requireAdoptable(request.plan, facts);
  const positions = adoptedPositions(facts.newestStamp, request.overlapMs);
  const entry = adoptionEntry(request, positions);
  return { entry, adoption: { head: headAfter(head, entry.batch, zeroCounts), positions } };
}

export function adoptionEntry(request: AdoptRequest, positions: Positions): LedgerEntry {
  const { run, plan, planDigest, generation, firstStartedAt } = request;
  const { batchId, mode, sequence, predecessor } = adoptionStep(request);
  return {
    run,
    mode,
    scope: 'whole',
    generation,
    plan,
    planDigest,
    firstStartedAt,
    positions,
    batch: {
      batchId,
      sequence,
      predecessor,
      stage: { associations: [] },
      frontierAfter: { kind: 'ids', ids: [] },
      requests: zeroRequests,
    },
  };
}
