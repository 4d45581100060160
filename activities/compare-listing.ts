import type { CompareOutcome, CompareRequest } from '../model/comparison.ts';
import type { SyncMode } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';
import type { PlanReader } from './read-plan.ts';

/** HubSpot's bin keeps a record for 90 days; five more make up for clocks and for runs that were late. */
const restorableDays = 95;

export interface CompareListingInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  readonly generation: number;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly looksFor: CompareRequest['looksFor'];
}

/** Compares what the run has listed with the table; what differs stays in the destination, as work for the run. */
export async function compareListing(
  deps: ActivityDeps & { plans: PlanReader },
  input: CompareListingInput,
  signal: AbortSignal,
): Promise<CompareOutcome> {
  const plan = await deps.plans.read(input, signal);
  const destination = await deps.destination(plan.destination);
  const restorableSince = new Date(Date.parse(input.firstStartedAt) - restorableDays * 86_400_000).toISOString();
  return destination.compareListing({ ...input, plan, restorableSince }, signal);
}
