const epochMsPattern = /^-?\d{1,15}$/;

/** An epoch-milliseconds text as an ISO instant; any other text as it is, for the cast to judge. */
export function toInstantText(text: string): string {
  if (!epochMsPattern.test(text)) return text;
  const date = new Date(Number(text));
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/**
 * A date as `YYYY-MM-DD`, from that form or from epoch milliseconds (the UTC day). Any other text as it is, for the
 * cast to judge.
 */
export function toDateText(text: string): string {
  return epochMsPattern.test(text) ? toInstantText(text).slice(0, 10) : text;
}
