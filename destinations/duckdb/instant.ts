/** DuckDB's text of a TIMESTAMPTZ in a UTC session (`2024-01-31 12:00:00.5+00`) as ISO-8601, microseconds kept. */
export function isoInstant(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (match === null) throw new RangeError('not an instant in UTC');
  return `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(3, '0')}Z`;
}
