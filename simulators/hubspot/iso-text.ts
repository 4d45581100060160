const dayMs = 86_400_000;
const dayTexts = new Map<number, string>();
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const threeDigits = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'));

/** `toISOString` of an instant in ms since the epoch, several times as fast: every record has two. */
export function isoText(ms: number): string {
  const day = Math.floor(ms / dayMs);
  const rest = ms - day * dayMs;
  const hour = twoDigits[Math.floor(rest / 3_600_000)] as string;
  const minute = twoDigits[Math.floor(rest / 60_000) % 60] as string;
  const second = twoDigits[Math.floor(rest / 1_000) % 60] as string;
  return `${dayText(day)}T${hour}:${minute}:${second}.${threeDigits[rest % 1_000] as string}Z`;
}

function dayText(day: number): string {
  let text = dayTexts.get(day);
  if (text === undefined) {
    text = new Date(day * dayMs).toISOString().slice(0, 10);
    dayTexts.set(day, text);
  }
  return text;
}
