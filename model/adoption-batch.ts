import type { AdoptRequest } from './adoption.ts';
import { zeroRequests } from './batch.ts';
import type { ChainStep } from './chain-step.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { Positions } from './positions.ts';

/** The one batch of a run that adopts. */
export function adoptionStep({ run, plan: { stream, table }, generation }: AdoptRequest): ChainStep & {
  readonly batchId: string;
} {
  const batchId = `${run}-1-adopt`;
  return { stream, table, run, generation, mode: 'backfill', sequence: 1, predecessor: null, batchId };
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
