const prefix = 'paused';

/** What Temporal keeps beside a schedule that we pause: `paused by anna@host "launch"`. */
export function pauseNote({ by, note }: { readonly by?: string; readonly note?: string }): string {
  const parts = [prefix, by === undefined ? null : `by ${by}`, note === undefined ? null : `"${note}"`];
  return parts.filter((part) => part !== null).join(' ');
}

/** The same form, also where somebody else wrote the note, or none. */
export function pauseNoteText(note: string | null | undefined): string {
  if (!note) return prefix;
  return note.startsWith(`${prefix} `) ? note : `${prefix}: ${note}`;
}
