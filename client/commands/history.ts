import type { Command } from 'commander';
import type { RunRow } from '../../model/destination.ts';
import { askWorker } from '../ask-worker.ts';
import { clockText, instantText } from '../duration.ts';
import { exitCode } from '../exit-code.ts';
import { countText } from '../count-text.ts';
import { openConfig } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';
import { defineVerb } from '../verb.ts';

export const historyCommand = (): Command =>
  defineVerb<{ limit: string }>({
    usage: 'history <stream>',
    summary: 'list the runs of a stream, newest first',
    examples: ['sluice history crm.contacts', 'sluice history crm.contacts --limit 5 --json'],
    seeAlso: ['status', 'errors'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--limit <n>', 'at most so many', '20'),
    run: async ({ words, options, output }) => {
      const limit = wholeNumber(options.limit, '--limit');
      const session = await openConfig(options);
      const [stream = ''] = session.resolveStreams(words);
      const { runs } = await askWorker(session, { verb: 'history', stream, limit });
      if (runs.length > 0) {
        const { printTable } = await import('../table.ts');
        output.text(printTable(columns, runs.map(rowOf), output));
      } else {
        output.talk(`${stream} has never run`);
      }
      output.document('history', { stream, runs });
      return exitCode.done;
    },
  });

const columns = [
  { title: 'started (UTC)' },
  { title: 'took', align: 'right' },
  { title: 'mode' },
  { title: 'scope' },
  { title: 'status' },
  { title: 'read', align: 'right' },
  { title: 'inserted', align: 'right' },
  { title: 'updated', align: 'right' },
  { title: 'unchanged', align: 'right' },
  { title: 'superseded', align: 'right' },
  { title: 'duplicate', align: 'right' },
  { title: 'rejected', align: 'right' },
  { title: 'deleted', align: 'right' },
  { title: 'listed', align: 'right' },
  { title: 'batches', align: 'right' },
  { title: 'requests', align: 'right' },
  { title: 'why' },
] as const;

function rowOf(run: RunRow): string[] {
  const { totals } = run;
  return [
    instantText(run.startedAt),
    run.endedAt === null ? '—' : clockText(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
    run.mode,
    run.scope,
    run.status,
    ...[
      totals.read,
      totals.inserted,
      totals.updated,
      totals.unchanged,
      totals.superseded,
      totals.duplicate,
      totals.rejected,
      totals.deleted,
      totals.listed,
    ].map(countText),
    countText(run.batches),
    countText(run.requests),
    run.error ?? run.startReason,
  ];
}
