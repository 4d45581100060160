export interface TableColumn {
  readonly name: string;
  readonly type: string;
}

/** SQL for a typed value as the truth endpoint writes it. */
export function canonicalText({ name, type }: TableColumn): string {
  const column = identifier(name);
  if (type.startsWith('DECIMAL')) return `rtrim(rtrim(CAST(${column} AS VARCHAR), '0'), '.')`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `strftime(${column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;
  return `CAST(${column} AS VARCHAR)`;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
