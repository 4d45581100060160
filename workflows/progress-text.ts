import { isFrontierEmpty } from '../model/frontier.ts';
import type { LedgerHead } from '../model/batch.ts';
import { rejects } from '../model/counts.ts';
import type { BackfillRun } from './messages.ts';

const count = (value: number): string => value.toString().replace(/\B(?=(\d{3})+$)/g, ',');

/** `contacts chunk 3/8`, or `contacts chunk 3` while the number of chunks is not known. */
export function chunkLabel(
  run: Pick<BackfillRun, 'stream' | 'estimatedRecords' | 'chunkRecords'>,
  sequence: number,
): string {
  const name = run.stream.slice(run.stream.indexOf('.') + 1);
  if (run.estimatedRecords === null) return `${name} chunk ${sequence}`;
  const chunks = Math.max(sequence, Math.ceil(run.estimatedRecords / run.chunkRecords));
  return `${name} chunk ${sequence}/${chunks}`;
}

export function recordsLabel(records: number): string {
  return `${count(records)} records`;
}

/** The workflow's current details, Markdown, as the Temporal UI shows them. */
export function detailsText(run: BackfillRun, phase: string, head: LedgerHead): string {
  const { totals } = head;
  const lines = [
    `**${run.stream}** · ${phase}`,
    '',
    `- batches merged: ${head.sequence}${isFrontierEmpty(head.frontier) ? ' (all)' : ''}`,
    `- records read: ${count(totals.read)}${run.estimatedRecords === null ? '' : ` of about ${count(run.estimatedRecords)}`}`,
    `- rows: ${count(totals.inserted)} inserted, ${count(totals.updated)} updated, ${count(totals.unchanged)} unchanged`,
    `- rejected or nulled: ${count(rejects(totals))}`,
    `- requests: ${count(head.requests.requests)}, rate limited: ${count(head.requests.rateLimited)}`,
    `- began: ${run.startReason}`,
  ];
  return lines.join('\n');
}
