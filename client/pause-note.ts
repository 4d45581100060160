import { instantText } from './duration.ts';

const prefix = 'paused';

/** What Temporal keeps beside a schedule that we pause: `paused by anna@host at 2026-11-20 16:05 UTC "launch"`. */
export function pauseNote({
  by,
  at,
  note,
}: {
  readonly by: string;
  readonly at: Date;
  readonly note?: string;
}): string {
  const parts = [prefix, `by ${by} at ${instantText(at.toISOString())} UTC`, note === undefined ? null : `"${note}"`];
  return parts.filter((part) => part !== null).join(' ');
}

/** The same form, also where somebody else wrote the note, or none. */
export function pauseNoteText(note: string | null | undefined): string {
  if (!note) return prefix;
  return note.startsWith(`${prefix} `) ? note : `${prefix}: ${note}`;
}
