import type { Command } from 'commander';
import type { RejectRow } from '../../model/destination.ts';
import { askWorker } from '../ask-worker.ts';
import { instantText } from '../duration.ts';
import { exitCode } from '../exit-code.ts';
import { countText } from '../count-text.ts';
import { openConfig } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';
import { defineVerb } from '../verb.ts';

export const errorsCommand = (): Command =>
  defineVerb<{ limit: string }>({
    usage: 'errors <stream>',
    summary: 'list rejected records and values: which and why',
    description: 'List the rejected records and values of a stream: which and why, never the values.',
    examples: ['sluice errors crm.contacts', 'sluice errors crm.contacts --limit 1000 --json'],
    seeAlso: ['history', 'discover'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--limit <n>', 'at most so many', '100'),
    run: async ({ words, options, output }) => {
      const limit = wholeNumber(options.limit, '--limit');
      const session = await openConfig(options);
      const [stream = ''] = session.resolveStreams(words);
      const { total, rows } = await askWorker(session, { verb: 'errors', stream, limit });
      if (rows.length > 0) {
        const { printTable } = await import('../table.ts');
        output.text(printTable(columns, rows.map(rowOf), output));
      }
      const shown = rows.length < total ? `${countText(rows.length)} of ${countText(total)}` : countText(total);
      output.talk(`${shown} rejects of ${stream}`);
      output.document('errors', { stream, total, rows });
      return exitCode.done;
    },
  });

const columns = [
  { title: 'record' },
  { title: 'column' },
  { title: 'reason' },
  { title: 'source type' },
  { title: 'column type' },
  { title: 'at (UTC)' },
  { title: 'run' },
] as const;

function rowOf(row: RejectRow): string[] {
  const at = instantText(row.createdAt);
  return [
    row.recordId ?? '—',
    row.column ?? '—',
    row.reason,
    row.sourceType ?? '—',
    row.columnType ?? '—',
    at,
    row.run,
  ];
}
