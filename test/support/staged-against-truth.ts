import type { ColumnType } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StagedRow } from '../../model/source.ts';
import type { ObjectType } from '../../simulators/hubspot/object-types.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';

export type TypedRecord = Readonly<Record<string, string | null>>;

const mostProblems = 10;

/** What the live records of a plan hold now, as the simulator says: canonical text of the declared types, by id. */
export function truthOf(simulator: RunningSimulator, { object, columns }: StreamPlan): Map<string, TypedRecord> {
  const records = new Map<string, TypedRecord>();
  const properties = columns.map(({ property }) => property);
  for (const block of simulator.portal.truth(object as ObjectType, { properties })) {
    for (const line of block.toString().split('\n')) {
      if (line === '') continue;
      const record = JSON.parse(line) as TypedRecord;
      records.set(record['id']!, record);
    }
  }
  return records;
}

/** Ids of staged rows that are staged more than once. */
export function repeatedIds(rows: readonly StagedRow[]): string[] {
  const seen = new Set<string | null>();
  return rows.flatMap(([id]) => (seen.has(id!) ? [String(id)] : (seen.add(id!), [])));
}

/**
 * Where staged rows and truth part: records missing, invented or repeated, and values that read differently. The first
 * ten; empty when they agree.
 */
export function problemsOf(
  rows: readonly StagedRow[],
  { plan, truth }: { plan: StreamPlan; truth: ReadonlyMap<string, TypedRecord> },
): string[] {
  const staged = new Map(rows.map((row) => [String(row[0]), row]));
  const problems = repeatedIds(rows).map((id) => `${id}: repeated`);
  for (const id of staged.keys()) if (!truth.has(id)) problems.push(`${id}: invented`);
  for (const [id, record] of truth) {
    const row = staged.get(id);
    if (row === undefined) problems.push(`${id}: missing`);
    else problems.push(...differingColumns(row, plan, record).map((column) => `${id}.${column}`));
    if (problems.length > mostProblems) break;
  }
  return problems.slice(0, mostProblems);
}

/** Columns of a staged row that do not read as `record` has them. */
export function differingColumns(row: StagedRow, plan: StreamPlan, record: TypedRecord): string[] {
  const differing = plan.columns
    .filter(({ type, property }, i) => typedReading(row[i + 1]!, type) !== record[property.toLowerCase()])
    .map(({ name }) => name);
  return row[plan.columns.length + 1] === record['_version'] ? differing : [...differing, '_version'];
}

/** A staged text as a strict database would read it, in canonical text; null where its cast fails. */
export function typedReading(text: string | null, type: ColumnType): string | null {
  if (text === null) return null;
  switch (type) {
    case 'text':
    case 'json':
      return text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text : null;
    case 'integer':
      return /^-?\d{1,19}$/.test(text) ? String(BigInt(text)) : null;
    case 'decimal':
      return decimalReading(text);
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(text) && isoOf(text)?.slice(0, 10) === text ? text : null;
    case 'timestamp':
      return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/.test(text) ? isoOf(text) : null;
    default:
      return type satisfies never;
  }
}

function isoOf(text: string): string | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** DECIMAL(38,9), which takes no more than nine decimals: rounding is the source's task. */
function decimalReading(text: string): string | null {
  const match = /^(-?)0*(\d{1,29})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  const decimals = fraction.replace(/0+$/, '');
  const magnitude = `${whole}${decimals === '' ? '' : `.${decimals}`}`;
  return magnitude === '0' ? '0' : sign + magnitude;
}
