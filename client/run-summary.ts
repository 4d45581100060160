import { rejects, type Counts } from '../model/counts.ts';
import type { SyncResult, VanishedProgress } from '../workflows/messages.ts';
import { countText } from './count-text.ts';
import { clockText } from './duration.ts';
import type { RunFacts, RunResult } from './run-facts.ts';
import { scopeFlag, totalsOf, vanishedOf, whyDone } from './run-outcome.ts';

/** Null: this run has nothing to say there. */
type Line = readonly [label: string, text: string | null];

const labelWidth = 11;

/** The closing report of one run that was done, for stdout. */
export function doneSummary(facts: RunFacts, result: RunResult): string {
  const why = result.mode === 'incremental' ? null : whyDone(result);
  const took = clockText(Date.parse(facts.endedAt ?? facts.startedAt) - Date.parse(facts.startedAt));
  return [
    `${result.stream}: done in ${took}${why === null ? '' : `; ${why}`}`,
    ...(result.mode === 'incremental' ? [`  ${result.text}`] : []),
    ...summaryLines(result).flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(labelWidth)}${text}`])),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function summaryLines(result: RunResult): Line[] {
  // A full sync in place of an incremental one is a backfill, with a report of its own.
  const run = result.mode === 'incremental' ? (result.full ?? result) : result;
  const { totals, requests, rows } = run;
  return [
    ['table', rows === null ? null : `${countText(rows.live)} rows live, ${countText(rows.deleted)} deleted`],
    [
      'records',
      totals.read === 0 && run.batches === 0 ? null : `read ${countText(totals.read)} = ${closedCounts(totals)}`,
    ],
    ['listed', totals.listed === 0 ? null : `${countText(totals.listed)} ids`],
    ['of them', countsText(totals, ['deleted', 'restored', 'erased'])],
    ['links', countsText(totals, ['linked', 'unlinked'])],
    ['found', foundText(result)],
    ['batches', batchesText(run)],
    [
      'requests',
      `${countText(requests.requests)}, of them ${countText(requests.rateLimited)} rate limited (429), ${countText(requests.retried)} retried`,
    ],
    ['watermark', watermarkText(result)],
    ['reconcile', reconcileText(result)],
    ['missing', missingText(result)],
    ['rounded', totals.roundedValues === 0 ? null : `${countText(totals.roundedValues)} values to nine decimals`],
    ['columns', addedText(run)],
    [
      'counts',
      result.mode === 'incremental' && result.calledReconcile ? 'do not fit: a reconciliation was called' : null,
    ],
  ];
}

/** What rejects mean and where to look, or null where there are none. */
export function rejectsText(result: RunResult): string | null {
  const totals = totalsOf(result);
  if (rejects(totals) === 0) return null;
  const { rejected, nulledValues } = totals;
  return `${result.stream}: ${countText(rejected)} records rejected, ${countText(nulledValues)} values set to NULL; next: sluice errors ${result.stream}`;
}

/** Every record read, by what became of it; only what occurred. */
function closedCounts(totals: Counts): string {
  const parts = (['inserted', 'updated', 'unchanged', 'superseded', 'duplicate', 'rejected', 'doubtful'] as const)
    .filter((name) => totals[name] > 0)
    .map((name) => `${name} ${countText(totals[name])}`);
  return parts.length === 0 ? '0' : parts.join(' + ');
}

/** An incremental run gives the same reason in its first line. */
function batchesText({ mode, batches, startReason }: SyncResult): string | null {
  if (batches === 0) return null;
  return mode === 'incremental' ? countText(batches) : `${countText(batches)}; ${startReason}`;
}

function countsText(totals: Counts, names: readonly (keyof Counts)[]): string | null {
  const parts = names.filter((name) => totals[name] > 0).map((name) => `${name} ${countText(totals[name])}`);
  return parts.length === 0 ? null : parts.join(', ');
}

function foundText(result: RunResult): string | null {
  const progress = vanishedOf(result);
  if (progress === null) return null;
  const { missing, stale, recalculated, doubtful, vanished } = progress.differences;
  const repaired = missing + stale + recalculated + doubtful;
  if (repaired + vanished === 0) return result.mode === 'softDelete' ? null : 'no difference';
  const again = `missing ${countText(missing)}, stale ${countText(stale)}, recalculated ${countText(recalculated)}, doubtful ${countText(doubtful)}: read again`;
  const gone = `vanished ${countText(vanished)}: ${vanishedText[progress.approval]}`;
  return [...(repaired === 0 ? [] : [again]), ...(vanished === 0 ? [] : [gone])].join('; ');
}

const vanishedText: Readonly<Record<VanishedProgress['approval'], string>> = {
  notNeeded: 'looked for once more, and flagged where still absent',
  pending: 'not flagged yet',
  approved: 'approved, looked for once more, and flagged where still absent',
  lapsed: 'not flagged',
};

function watermarkText(result: RunResult): string | null {
  if (result.mode === 'incremental') return result.full?.watermark ?? null;
  if (result.mode !== 'backfill') return null;
  return (
    result.watermark ?? (result.scope === 'whole' ? null : `not touched by a backfill with ${scopeFlag[result.scope]}`)
  );
}

/** What another tool has brought is compared before anybody should rely on it. */
function reconcileText(result: RunResult): string | null {
  if (result.mode !== 'backfill' || result.adopted === undefined) return null;
  const byHand = `sluice reconcile ${result.stream}`;
  return {
    called: 'called: it reads again what differs from the source',
    alreadyRunning: `one was running already; next: ${byHand} once it has ended`,
    paused: `its schedule is paused; next: ${byHand}`,
    failed: `could not be called; next: ${byHand}`,
    fits: null,
  }[result.adopted.reconcile];
}

function missingText(result: RunResult): string | null {
  if (result.mode !== 'backfill' && result.mode !== 'resync') return null;
  if (result.missingIds === 0) return null;
  const missing = `${countText(result.missingIds)} ids`;
  return result.mode === 'resync'
    ? `${missing}: not alive at the source; rows of theirs are tombstones now`
    : `${missing}: archived, merged away, or never there`;
}

function addedText({ addedColumns }: SyncResult): string | null {
  if (addedColumns.length === 0) return null;
  return `added ${addedColumns.join(', ')}; rows that do not change show NULL there until they are reconciled`;
}

/** The run's page in the Temporal UI. */
export function runUrl(uiUrl: string, namespace: string, facts: Pick<RunFacts, 'workflowId' | 'runId'>): string {
  const id = encodeURIComponent(facts.workflowId);
  return `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${id}/${facts.runId}`;
}
