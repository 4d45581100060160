import type { InspectResults } from '../model/inspection.ts';
import { countText } from './count-text.ts';

/** What `backfill --adopt` would do to a stream's table, for a person. */
export function adoptionText({ stream, table, survey, positions, sourceRecords }: InspectResults['adoption']): string {
  const { rows, stampColumn, stampedRows, newestStamp, addedColumns, widenedColumns } = survey;
  const unstamped = rows - stampedRows;
  const lines: readonly (readonly [string, string | null])[] = [
    ['rows', `${countText(rows)}, kept as they are`],
    ['source', sourceRecords === null ? null : `${countText(sourceRecords)} records`],
    ['add', addedColumns.length === 0 ? null : addedColumns.join(', ')],
    ['widen', widenedColumns.length === 0 ? null : widenedColumns.join(', ')],
    ['versions', `${stampColumn === null ? 'as they are' : `from ${stampColumn}`}, the newest ${newestStamp}`],
    ['positions', `${positions.settled}: incremental runs begin there`],
    [
      'reconcile',
      'all ids, versions and columns; reads again what differs' +
        (unstamped === 0 ? '' : `, and the ${countText(unstamped)} rows without a version`),
    ],
  ];
  return [
    `${stream}: ${table.schema}.${table.table} can be adopted; nothing was changed`,
    ...lines.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(11)}${text}`])),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
