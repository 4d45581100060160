import { ApplicationFailure, condition, log, setHandler } from '@temporalio/workflow';
import { approvalReason, isOtherAccess } from '../model/breaker.ts';
import type { CompareOutcome, CompareRequest } from '../model/comparison.ts';
import type { LedgerHead } from '../model/batch.ts';
import { approveDeletesUpdate, type PendingApproval, type VanishedProgress } from './messages.ts';
import { reportApprovalAsked, reportApprovalOver } from './run-reports.ts';
import type { SyncRun } from './sync-run.ts';

/** Lets a person approve what the run would not flag on its own. Installed before anything is awaited. */
export function installApproval(sync: SyncRun): void {
  setHandler(
    approveDeletesUpdate,
    ({ by }) => {
      const { vanished } = sync.status;
      if (vanished?.pending == null) throw new Error('unreachable: the validator refuses this');
      const { pending } = vanished;
      log.info('approved', { vanished: pending.vanished, digest: pending.digest, by: by ?? null });
      sync.setVanished({ ...vanished, approval: 'approved', pending: null });
      return pending;
    },
    {
      description:
        'Approve flagging the vanished rows that wait for it. Input: {"run": "...", "digest": "..."} of the pending approval',
      validator: (args) => requirePending(sync.status.vanished?.pending ?? null, args),
    },
  );
}

function requirePending(pending: PendingApproval | null, args: { run: string; digest: string } | undefined): void {
  const refuse = (message: string): never => {
    throw ApplicationFailure.create({ type: 'ConfigInvalid', message, nonRetryable: true });
  };
  if (pending === null) return refuse('nothing waits for an approval; next: look at the run with sluice status');
  if (args?.run === pending.run && args.digest === pending.digest) return;
  refuse(
    `the approval names other rows than those that wait (digest ${pending.digest.slice(0, 12)}); next: look again`,
  );
}

/**
 * Reads the frontier to its end, compares what was listed with the table, mends what is missing or stale, and then flags what
 * vanished: at once below the breaker, otherwise once a person has approved it. False when the run has to continue as new.
 */
export async function settleVanished(sync: SyncRun, looksFor: CompareRequest['looksFor']): Promise<boolean> {
  if (sync.status.vanished === null) {
    sync.status.at('listing');
    if (!(await sync.readToTheEnd())) return false;
    await compare(sync, looksFor);
  }
  // Rows of another account must not be merged either, before somebody has said so.
  if (!isFlagging(sync.head) && isOtherAccess(sync.settled.access) && !(await isAllowed(sync))) return true;
  sync.status.at(isFlagging(sync.head) ? 'flagging' : 'repairing');
  if (!(await sync.readToTheEnd())) return false;
  if (!isFlagging(sync.head) && (await mayFlag(sync))) {
    sync.status.at('flagging');
    const { planDigest: _, firstStartedAt: __, ...position } = sync.position;
    sync.goOnFrom(await sync.steps.beginVanished({ ...position, digest: digestOf(sync) }));
    if (!(await sync.readToTheEnd())) return false;
  }
  return true;
}

async function compare(sync: SyncRun, looksFor: CompareRequest['looksFor']): Promise<void> {
  sync.status.at('comparing');
  const outcome = await sync.steps.compareListing({ ...sync.position, looksFor });
  sync.setVanished(vanishedOf(sync, outcome));
  sync.goOnFrom(outcome.head);
}

function vanishedOf(sync: SyncRun, { differences, liveRows, listed, digest }: CompareOutcome): VanishedProgress {
  const { access, run, approvalWaitMs } = sync.settled;
  const { missing, stale, recalculated, doubtful, vanished } = differences;
  const reason = approvalReason({
    differing: missing + stale + recalculated + doubtful + vanished,
    vanished,
    liveRows,
    listed,
    accessBefore: access.before,
    accessNow: access.now,
  });
  if (reason === null) return { differences, liveRows, digest, approval: 'notNeeded', pending: null };
  const until = new Date(Date.now() + approvalWaitMs).toISOString();
  const pending = { run, digest: digest ?? nothingVanished, vanished, liveRows, reason, until };
  return { differences, liveRows, digest, approval: 'pending', pending };
}

/** Names an empty set of ids, where an approval is needed for another reason. */
const nothingVanished = 'nothing-vanished';

async function mayFlag(sync: SyncRun): Promise<boolean> {
  const { vanished } = sync.status;
  return vanished !== null && vanished.differences.vanished > 0 && (await isAllowed(sync));
}

/** Waits for an approval where one is needed; what is not approved in time stays as it is. */
async function isAllowed(sync: SyncRun): Promise<boolean> {
  const { vanished } = sync.status;
  if (vanished !== null && vanished.pending !== null) {
    sync.status.enter('needs approval');
    log.warn('needs approval', { reason: vanished.pending.reason, until: vanished.pending.until });
    reportApprovalAsked(sync.settled, vanished.pending);
    const leftMs = Math.max(1, Date.parse(vanished.pending.until) - Date.now());
    const isAnswered = await condition(() => sync.status.vanished?.approval !== 'pending', leftMs);
    reportApprovalOver(sync.settled);
    if (!isAnswered) sync.setVanished({ ...vanished, approval: 'lapsed', pending: null });
    sync.status.enter('running');
  }
  return sync.status.vanished?.approval !== 'lapsed';
}

function isFlagging({ frontier }: LedgerHead): boolean {
  return frontier.kind === 'work' && frontier.task === 'vanished';
}

function digestOf(sync: SyncRun): string {
  return sync.status.vanished?.digest ?? '';
}
