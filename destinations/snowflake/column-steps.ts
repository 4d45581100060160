import type { TableTypes, WidenedColumn } from '../../model/fit-plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { buildWiden, columnTypeFor } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import type { Statement } from './session.ts';
import { withinTransaction } from './within-transaction.ts';
import { buildAddColumn, buildDropColumn, buildRenameColumn } from './table-statements.ts';

/**
 * How a column becomes wider, where no ALTER can do it: a column beside it is filled with the widened values, the two change
 * names, and the narrow one is dropped. Each step but the filling is DDL, and commits: from what is there, `settleColumns`
 * knows how far it came. No step takes a name from a column whose values are not in another one.
 */

const widePrefix = '_sluice_wide_';
const narrowPrefix = '_sluice_narrow_';

export type ColumnStep =
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'drop'; readonly name: string };

/** What is left to do of widenings that were broken off, and the columns as they are then. */
export function settleColumns(present: TableTypes): {
  readonly steps: readonly ColumnStep[];
  readonly types: TableTypes;
} {
  const steps: ColumnStep[] = [];
  const types = new Map([...present].filter(([name]) => unfinishedOf(name) === null));
  for (const name of new Set([...present.keys()].map(unfinishedOf).filter((found) => found !== null))) {
    const [wide, narrow] = [`${widePrefix}${name}`, `${narrowPrefix}${name}`];
    if (!present.has(name)) {
      // The narrow one has all values as long as it is there; without it, the wide one was filled.
      const from = present.has(narrow) ? narrow : wide;
      steps.push({ kind: 'rename', from, to: name });
      types.set(name, present.get(from)!);
      if (from === narrow && present.has(wide)) steps.push({ kind: 'drop', name: wide });
      continue;
    }
    for (const left of [wide, narrow]) if (present.has(left)) steps.push({ kind: 'drop', name: left });
  }
  return { steps, types };
}

function unfinishedOf(name: string): string | null {
  const prefix = [widePrefix, narrowPrefix].find((one) => name.startsWith(one));
  return prefix === undefined ? null : name.slice(prefix.length);
}

export function buildColumnStep(table: TableName, step: ColumnStep): Statement {
  return step.kind === 'drop' ? buildDropColumn(table, step.name) : buildRenameColumn(table, step);
}

/** DDL. */
export function buildAddWide(table: TableName, { name, to }: WidenedColumn): Statement {
  return buildAddColumn(table, { name: `${widePrefix}${name}`, type: columnTypeFor(to) });
}

/** All columns in one pass, within a transaction: it writes every row of the table anew. */
export function buildFillWide(table: TableName, columns: readonly WidenedColumn[]): Statement {
  const assignments = columns.map(
    ({ name, from, to }) =>
      `${quoteIdentifier(`${widePrefix}${name}`)} = ${buildWiden(from, to, quoteIdentifier(name))}`,
  );
  const filled = columns.map(({ name }) => `${quoteIdentifier(name)} IS NOT NULL`);
  return {
    sql: `UPDATE ${quoteTable(table)} SET ${assignments.join(', ')} WHERE (${filled.join(' OR ')}) AND ${withinTransaction}`,
  };
}

/** Once the wide column is filled. */
export function swapSteps({ name }: Pick<WidenedColumn, 'name'>): readonly ColumnStep[] {
  const narrow = `${narrowPrefix}${name}`;
  return [
    { kind: 'rename', from: name, to: narrow },
    { kind: 'rename', from: `${widePrefix}${name}`, to: name },
    { kind: 'drop', name: narrow },
  ];
}
