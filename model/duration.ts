const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `90s`, `10m`, `2h` or `1d` in milliseconds; null for any other text. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined || unit === undefined ? null : Number(amount) * unitMs[unit]!;
}

const spanUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** `2m`, `1h 30m` or `1d`: exact, in as few words as that takes. */
export function spanText(durationMs: number): string {
  let restMs = durationMs;
  const words = spanUnits.flatMap(([unit, size]) => {
    const amount = Math.floor(restMs / size);
    restMs -= amount * size;
    return amount === 0 ? [] : [`${amount}${unit}`];
  });
  return words.length === 0 ? '0s' : words.join(' ');
}
