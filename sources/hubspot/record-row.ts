import { toDecimalText } from '../../model/decimal-text.ts';
import { toDateText, toInstantText } from '../../model/instant-text.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StagedRow } from '../../model/source.ts';

/** A CRM object as list, search and batch read send it; only what Sluice reads. */
export interface HubSpotRecord {
  readonly id?: string | number | null;
  readonly properties?: Readonly<Record<string, string | null | undefined>>;
  readonly updatedAt?: string | null;
}

export interface EncodedPage {
  readonly rows: StagedRow[];
  readonly roundedValues: number;
}

/** Turns a page's records into staged rows, in the plan's column order. */
export type PageEncoder = (records: readonly HubSpotRecord[], observedAt: string) => EncodedPage;

/**
 * Fixes the plan's columns once and returns the encoder for its pages. Text stays as it is, to the last code point;
 * numbers become plain decimals, dates and instants ISO, wherever the value reads as one; what does not is staged
 * unchanged, fails its cast in the merge and is quarantined there. The version is the envelope's `updatedAt`, which
 * equals the modified property.
 */
export function pageEncoder(plan: StreamPlan): PageEncoder {
  const columns = plan.columns;
  const width = columns.length;
  const versionProperty = plan.versionProperty;
  return (records, observedAt) => {
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
          continue;
        }
        switch (column.type) {
          case 'text':
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
            column.type satisfies never;
        }
      }
      row[width + 1] = record.updatedAt ?? (versionProperty === null ? null : (properties[versionProperty] ?? null));
      row[width + 2] = observedAt;
      return row;
    });
    return { rows, roundedValues };
  };
}
