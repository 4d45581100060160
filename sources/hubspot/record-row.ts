import { toDecimalText } from '../../model/decimal-text.ts';
import { toDateText, toInstantText } from '../../model/instant-text.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StagedRow } from '../../model/source.ts';

/** A CRM object as list, search and batch read send it; only what Sluice reads. */
export interface HubSpotRecord {
  readonly id?: string | number | null;
  readonly properties?: Readonly<Record<string, string | null | undefined>>;
  readonly updatedAt?: string | null;
  /** Of records in the bin. */
  readonly archivedAt?: string | null;
}

export interface EncodedPage {
  readonly rows: StagedRow[];
  readonly roundedValues: number;
  /**
   * Columns, by name, whose property some record came without: HubSpot sends null for a property without a value, and leaves
   * out those that it does not know.
   */
  readonly absentColumns: readonly string[];
}

/** Turns a page's records into staged rows, in the plan's column order. */
export type PageEncoder = (records: readonly HubSpotRecord[], observedAt: string) => EncodedPage;

/**
 * Fixes the plan's columns once and returns the encoder for its pages. Text stays as it is, to the last code point;
 * numbers become plain decimals, dates and instants ISO, wherever the value reads as one; what does not is staged
 * unchanged, fails its cast in the merge and is quarantined there. A column that has become wider than its property keeps
 * the form of the property's type.
 */
export function pageEncoder(plan: StreamPlan): PageEncoder {
  const columns = plan.columns;
  const width = columns.length;
  return (records, observedAt) => {
    const absentColumns = new Set<string>();
    let roundedValues = 0;
    const rows = records.map((record) => {
      const properties = record.properties ?? {};
      const row = new Array<string | null>(width + 3);
      row[0] = record.id === undefined || record.id === null ? null : String(record.id);
      for (let i = 0; i < width; i++) {
        const column = columns[i]!;
        const value = properties[column.property];
        if (value === null || value === undefined) {
          row[i + 1] = null;
          if (value === undefined) absentColumns.add(column.name);
          continue;
        }
        const writtenType = column.sourceType ?? column.type;
        switch (writtenType) {
          case 'text':
          case 'json':
          case 'boolean':
          case 'integer':
            row[i + 1] = value;
            break;
          case 'decimal': {
            const decimal = toDecimalText(value);
            row[i + 1] = decimal === null ? value : decimal.text;
            if (decimal?.isRounded) roundedValues++;
            break;
          }
          case 'date':
            row[i + 1] = toDateText(value);
            break;
          case 'timestamp':
            row[i + 1] = toInstantText(value);
            break;
          default:
            writtenType satisfies never;
        }
      }
      row[width + 1] = versionOf(record, plan);
      row[width + 2] = observedAt;
      return row;
    });
    return { rows, roundedValues, absentColumns: [...absentColumns] };
  };
}

/** The envelope's `updatedAt`, which equals the modified property. */
export function versionOf(
  { updatedAt, properties }: HubSpotRecord,
  { versionProperty }: Pick<StreamPlan, 'versionProperty'>,
): string | null {
  return updatedAt ?? (versionProperty === null ? null : (properties?.[versionProperty] ?? null));
}

export function instantOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined || text === '' ? null : toInstantText(text);
}
