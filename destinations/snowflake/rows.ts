import type { DriverAnswer } from './driver.ts';
import type { SqlRow } from './session.ts';

/** What the driver makes of an instant: a Date, which holds milliseconds, with the whole of it beside. */
interface DriverInstant extends Date {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

/** Turns rows of an answer into rows by lower-cased name. Two columns of one name: the last one counts. */
export function rowReader(columns: DriverAnswer['columns']): (values: readonly unknown[]) => SqlRow {
  const readers = columns.map(({ name, type }) => ({ name: name.toLowerCase(), read: readerOf(type) }));
  return (values) =>
    Object.fromEntries(
      readers.map(({ name, read }, index) => [name, isMissing(values[index]) ? null : read(values[index])]),
    );
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined;
}

function readerOf(type: string): (value: unknown) => string | boolean {
  switch (type) {
    case 'boolean':
      return (value) => value === true;
    case 'date':
      return (value) => (value as Date).toISOString().slice(0, 10);
    case 'timestamp_tz':
    case 'timestamp_ltz':
    case 'timestamp_ntz':
      return (value) => instantText(value as DriverInstant);
    default:
      // Numbers and texts are texts already; what the driver parsed (VARIANT, ARRAY) is given back as JSON.
      return (value) => (typeof value === 'string' ? value : JSON.stringify(value));
  }
}

/** Three digits of a second, or six where there are that many; nanoseconds are cut. */
function instantText(instant: DriverInstant): string {
  const microseconds = Math.trunc(instant.getNanoSeconds() / 1_000);
  const digits = microseconds % 1_000 === 0 ? 3 : 6;
  const fraction = String(microseconds).padStart(6, '0').slice(0, digits);
  return `${new Date(instant.getEpochSeconds() * 1_000).toISOString().slice(0, -5)}.${fraction}Z`;
}
