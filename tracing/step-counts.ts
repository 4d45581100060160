type Part = Readonly<Record<string, unknown>>;

/** What is counted in steps' results: objects with numbers only. */
const groups = ['counts', 'requests', 'rows', 'differences'] as const;

/** The numbers of a step's result by name, as `counts.inserted`. What is 0 is left out, and nothing but numbers is told. */
export function stepCounts(result: unknown): Record<string, number> {
  const { batch, ...parts } = partOf(result);
  const { records, tombstones } = partOf(partOf(batch)['stage']);
  const found: (readonly [name: string, value: unknown])[] = [
    ...groups.flatMap((group) =>
      Object.entries(partOf(parts[group])).map(([name, value]) => [`${group}.${name}`, value] as const),
    ),
    ['staged.records', partOf(records)['rowCount']],
    ['staged.tombstones', partOf(tombstones)['rowCount']],
  ];
  return Object.fromEntries(
    found.filter((entry): entry is readonly [string, number] => typeof entry[1] === 'number' && entry[1] !== 0),
  );
}

function partOf(value: unknown): Part {
  return typeof value === 'object' && value !== null ? (value as Part) : {};
}
