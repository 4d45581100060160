import { rejects, type Counts } from '../model/counts.ts';
import { heldText } from '../model/held-changes.ts';
import type { VanishedProgress } from '../workflows/messages.ts';
import { countText } from './count-text.ts';
import { exitCode, exitCodeOfKind, type ExitCode } from './exit-code.ts';
import type { RunEnd, RunResult } from './run-facts.ts';

/** What the run read and wrote; where it read the whole stream instead of its changes, that. */
export function totalsOf(result: RunResult): Counts {
  return result.mode === 'incremental' && result.full !== null ? result.full.totals : result.totals;
}

/** What a comparison of all ids found and what became of it; null where there was none. */
export function vanishedOf(result: RunResult): VanishedProgress | null {
  return result.mode === 'incremental' ? (result.full?.vanished ?? null) : result.vanished;
}

/** A resync that found none of its records, and had nothing to flag either: mistyped ids, most likely. */
export function foundNone(result: RunResult): result is RunResult & { readonly mode: 'resync' } {
  if (result.mode !== 'resync' || result.missingIds === 0) return false;
  const { read, tombstones, inserted, updated } = result.totals;
  return read === tombstones && inserted + updated === 0;
}

/** Nothing was read, since there is nothing yet that could be kept in step. */
export function needsBackfill(result: RunResult): boolean {
  if (result.mode === 'incremental') return result.outcome === 'needsBackfill';
  return (result.mode === 'softDelete' || result.mode === 'reconcile') && result.needsBackfill === true;
}

/** A full sync that found a backfill of the stream running, which may well be of a part of it. */
export function isLeftToAnother(result: RunResult): boolean {
  return result.mode === 'incremental' && result.outcome === 'fullSync' && result.full === null;
}

/** A part of a stream, or nothing at all, must not look like the whole; null where there is nothing to add. */
export function whyDone(result: RunResult): string | null {
  const { read } = totalsOf(result);
  if (vanishedOf(result)?.approval === 'lapsed')
    return 'what vanished is not flagged, since nobody approved it in time';
  switch (result.mode) {
    case 'backfill':
    case 'resync':
      if (result.adopted !== undefined) return 'adopted as it was; nothing was read';
      if (foundNone(result)) return 'none of the ids is at the source';
      if (read === 0) return 'the source holds no such records';
      return result.scope === 'whole'
        ? null
        : `only ${countText(read)} records, asked for with ${scopeFlag[result.scope]}`;
    case 'incremental':
      if (isLeftToAnother(result)) return 'left to the backfill that was running';
      if (result.next?.held !== undefined) return heldText(result.next.held);
      return result.outcome === 'idle' ? 'nothing changed' : null;
    case 'softDelete':
    case 'reconcile':
      return result.vanished === null ? `left out, since ${result.startReason}` : null;
    default:
      return result satisfies never;
  }
}

/** The flag of `sluice backfill` that asks for the scope. */
export const scopeFlag = { limit: '--limit', ids: '--ids', range: '--created-after or --created-before' } as const;

/** What a script learns from a run that ended. */
export function exitCodeOfRun(end: RunEnd): ExitCode {
  switch (end.kind) {
    case 'done':
      return exitCodeOfResult(end.result);
    case 'failed':
      return exitCodeOfKind(end.failure);
    case 'cancelled':
      return exitCode.runFailed;
    default:
      return end satisfies never;
  }
}

function exitCodeOfResult(result: RunResult): ExitCode {
  if (needsBackfill(result) || isLeftToAnother(result) || foundNone(result)) return exitCode.runFailed;
  if (vanishedOf(result)?.approval === 'lapsed') return exitCode.needsYes;
  return rejects(totalsOf(result)) > 0 ? exitCode.rejects : exitCode.done;
}
