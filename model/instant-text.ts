const epochMsPattern = /^-?\d{1,15}$/;

/** An epoch-milliseconds text as an ISO instant; any other text as it is, for the cast to judge. */
export function toInstantText(text: string): string {
  if (!epochMsPattern.test(text)) return text;
  const date = new Date(Number(text));
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

const instantPattern = /^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:?\d{2})$/;

/**
 * A date as `YYYY-MM-DD`, from that form, from epoch milliseconds, or from an ISO instant (the UTC day of both). Any
 * other text as it is, for the cast to judge.
 */
export function toDateText(text: string): string {
  if (text.length === 10 && text[4] === '-') return text;
  const instant = toInstantText(text);
  if (!instantPattern.test(instant)) return text;
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? text : date.toISOString().slice(0, 10);
}
