import { isFrontierEmpty } from '../model/frontier.ts';
import type { LedgerHead, Stage } from '../model/batch.ts';
import { rejects } from '../model/counts.ts';
import type { SettledRun, SyncPhase, SyncStep, VanishedProgress } from './messages.ts';

const count = (value: number): string => value.toString().replace(/\B(?=(\d{3})+$)/g, ',');

/** `contacts chunk 3/8`, or `contacts chunk 3` while the number of chunks is not known. */
export function chunkLabel(
  run: Pick<SettledRun, 'stream' | 'estimatedRecords' | 'chunkRecords'>,
  sequence: number,
): string {
  const name = run.stream.slice(run.stream.indexOf('.') + 1);
  if (run.estimatedRecords === null) return `${name} chunk ${sequence}`;
  const chunks = Math.max(sequence, Math.ceil(run.estimatedRecords / run.chunkRecords));
  return `${name} chunk ${sequence}/${chunks}`;
}

/** `25,000 records`, `300 ids`, `12 tombstones`: what a stage brings. */
export function stageLabel({ kind, records, tombstones }: Stage): string {
  const parts = [
    ...(records.rowCount > 0 || tombstones.rowCount === 0
      ? [`${count(records.rowCount)} ${kind === 'listing' ? 'ids' : 'records'}`]
      : []),
    ...(tombstones.rowCount > 0 ? [`${count(tombstones.rowCount)} tombstones`] : []),
  ];
  return parts.join(', ');
}

/** The workflow's current details, Markdown, as the Temporal UI shows them. */
export function detailsText(view: {
  run: SettledRun;
  phase: SyncPhase;
  step: SyncStep;
  head: LedgerHead;
  vanished: VanishedProgress | null;
}): string {
  const { run, phase, step, head, vanished } = view;
  const { totals } = head;
  const lines = [
    `**${run.stream}** · ${phase}${run.comparesAfter ? ` · ${step}` : ''}`,
    '',
    `- batches merged: ${head.sequence}${isFrontierEmpty(head.frontier) ? ' (all)' : ''}`,
    `- records read: ${count(totals.read)}${run.estimatedRecords === null ? '' : ` of about ${count(run.estimatedRecords)}`}`,
    ...(totals.listed > 0 ? [`- ids listed: ${count(totals.listed)}`] : []),
    `- rows: ${count(totals.inserted)} inserted, ${count(totals.updated)} updated, ${count(totals.unchanged)} unchanged`,
    ...(totals.deleted + totals.restored > 0
      ? [`- tombstones: ${count(totals.deleted)} new, ${count(totals.restored)} alive again`]
      : []),
    ...vanishedLines(vanished),
    `- rejected or nulled: ${count(rejects(totals))}`,
    `- requests: ${count(head.requests.requests)}, rate limited: ${count(head.requests.rateLimited)}`,
    `- began: ${run.startReason}`,
  ];
  return lines.join('\n');
}

function vanishedLines(vanished: VanishedProgress | null): string[] {
  if (vanished === null) return [];
  const { differences, pending } = vanished;
  const { missing, stale, recalculated, doubtful } = differences;
  return [
    `- differences: ${count(missing)} missing, ${count(stale)} stale, ${count(recalculated)} recalculated, ${count(doubtful)} in doubt, ${count(differences.vanished)} vanished`,
    ...(pending === null
      ? []
      : [
          `- **needs approval** until ${pending.until}: ${pending.reason}`,
          `- to approve: \`sluice approve <pipeline.stream> --digest ${pending.digest}\``,
        ]),
  ];
}
