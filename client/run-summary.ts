import { rejects, type Counts } from '../model/counts.ts';
import type { BackfillResult } from '../workflows/messages.ts';
import { countText } from './count-text.ts';
import { clockText } from './duration.ts';
import { exitCode, exitCodeOfKind, type ExitCode } from './exit-code.ts';
import type { RunEnd, RunFacts } from './run-facts.ts';

/** What a script learns from a run that ended. */
export function exitCodeOfRun(end: RunEnd): ExitCode {
  switch (end.kind) {
    case 'done':
      return rejects(end.result.totals) > 0 ? exitCode.rejects : exitCode.done;
    case 'failed':
      return exitCodeOfKind(end.failure);
    case 'cancelled':
      return exitCode.runFailed;
    default:
      return end satisfies never;
  }
}

/** The closing report of one run that was done, for stdout. */
export function doneSummary(facts: RunFacts, result: BackfillResult): string {
  const { totals, requests } = result;
  const lines = [
    `${result.stream}: done in ${clockText(durationMs(facts))}`,
    `  table      ${countText(result.rows.live)} rows live, ${countText(result.rows.deleted)} deleted`,
    `  records    read ${countText(totals.read)} = ${closedCounts(totals)}`,
    `  batches    ${countText(result.batches)}; ${result.startReason}`,
    `  requests   ${countText(requests.requests)}, of them ${countText(requests.rateLimited)} rate limited (429), ${countText(requests.retried)} retried`,
    `  watermark  ${result.watermark ?? `not touched by a backfill with --${result.scope}`}`,
  ];
  if (result.missingIds > 0) {
    lines.push(`  missing    ${countText(result.missingIds)} ids: archived, merged away, or never there`);
  } else if (totals.read === 0) lines.push('  the source held no record to read');
  if (totals.roundedValues > 0) lines.push(`  rounded    ${countText(totals.roundedValues)} values to nine decimals`);
  return lines.map((line) => `${line}\n`).join('');
}

/** What rejects mean and where to look, or null where there are none. */
export function rejectsText(result: BackfillResult): string | null {
  if (rejects(result.totals) === 0) return null;
  const { rejected, nulledValues } = result.totals;
  return `${result.stream}: ${countText(rejected)} records rejected, ${countText(nulledValues)} values set to NULL; next: sluice errors ${result.stream}`;
}

/** Every record read, by what became of it; only what occurred. */
function closedCounts(totals: Counts): string {
  const parts = (['inserted', 'updated', 'unchanged', 'superseded', 'duplicate', 'rejected'] as const)
    .filter((name) => totals[name] > 0)
    .map((name) => `${name} ${countText(totals[name])}`);
  return parts.length === 0 ? '0' : parts.join(' + ');
}

function durationMs(facts: RunFacts): number {
  return Date.parse(facts.endedAt ?? facts.startedAt) - Date.parse(facts.startedAt);
}

/** The run's page in the Temporal UI. */
export function runUrl(uiUrl: string, namespace: string, facts: Pick<RunFacts, 'workflowId' | 'runId'>): string {
  const id = encodeURIComponent(facts.workflowId);
  return `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${id}/${facts.runId}`;
}
