/** The name a typing slip most likely meant, or null when none is close. Case does not count. */
export function nearestName(typed: string, names: Iterable<string>): string | null {
  let nearest: string | null = null;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

/** "did you mean x?", or what there is to choose from. */
export function suggestName(typed: string, names: readonly string[]): string {
  const nearest = nearestName(typed, names);
  if (nearest !== null) return `did you mean ${nearest}?`;
  return names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? beforeLast[j - 2]! + 1 : Infinity;
      row.push(Math.min(last[j]! + 1, row[j - 1]! + 1, replace, swap));
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
