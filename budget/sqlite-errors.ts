/** SQLite's codes for a lock that somebody else holds. */
const busyCodes: ReadonlySet<number> = new Set([5, 6]);

/** Extended codes carry the plain one in their lowest byte. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' && busyCodes.has(errcode & 0xff);
}

/** By SQLite's or the system's own words for the kind of error: texts may hold paths. */
export function shortReason(error: unknown): string {
  const { errstr, code } = error as { errstr?: unknown; code?: unknown };
  if (typeof errstr === 'string') return errstr;
  return typeof code === 'string' ? code : error instanceof Error ? error.message : 'unknown reason';
}
