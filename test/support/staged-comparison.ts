import type { CompareOutcome, CompareRequest } from '../../model/comparison.ts';
import type { BeginVanishedRequest, Destination } from '../../model/destination.ts';
import type { LedgerHead } from '../../model/batch.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { contactsPlan, instant, type TestChunk } from './staged-records.ts';
import { openTestRun, type TestRun } from './staged-run.ts';

const noAbort = new AbortController().signal;

/** Its listings carry `visits`. */
export const comparedPlan: StreamPlan = { ...contactsPlan, listedColumns: ['visits'] };

/** A reconciliation as the activities drive it: lists, compares, works off. */
export interface TestComparison extends TestRun {
  list(...chunks: readonly TestChunk[]): Promise<void>;
  request(options?: Partial<CompareRequest>): Promise<CompareRequest>;
  compare(options?: Partial<CompareRequest>): Promise<CompareOutcome>;
  vanishedRequest(outcome: CompareOutcome): BeginVanishedRequest;
  head(): Promise<LedgerHead>;
}

export const reconcileStarted = 20;

export async function openComparison(
  destination: Destination,
  { run = 'reconcile-1', minute = reconcileStarted, plan = comparedPlan } = {},
): Promise<TestComparison> {
  const mode = 'reconcile';
  const target = { stream: plan.stream, table: plan.table };
  const startedAt = instant(minute);
  const opened = await openTestRun(destination, { run, startedAt, plan, mode, keepsListing: true });
  const head = async () => {
    const { self } = await destination.claimRun({ ...target, run, mode, runStartedAt: startedAt }, noAbort);
    return self!.head;
  };
  const request: TestComparison['request'] = async (options = {}) => {
    const { sequence, batchId } = await head();
    return {
      run,
      mode,
      generation: opened.claim.generation,
      plan,
      sequence: sequence + 1,
      predecessor: batchId,
      planDigest: 'digest',
      firstStartedAt: startedAt,
      looksFor: 'all',
      restorableSince: instant(0),
      ...options,
    };
  };
  return {
    ...opened,
    head,
    request,
    list: async (...chunks) => {
      for (const chunk of chunks) await opened.mergeRecords({ kind: 'listing', ...chunk });
    },
    compare: async (options) => destination.compareListing(await request(options), noAbort),
    vanishedRequest: ({ head: { sequence, batchId }, digest }) => ({
      ...target,
      run,
      mode,
      generation: opened.claim.generation,
      sequence: sequence + 1,
      predecessor: batchId,
      digest: digest!,
    }),
  };
}
