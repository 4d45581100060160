const words: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  enabled: true,
  on: true,
  false: false,
  '0': false,
  no: false,
  disabled: false,
  off: false,
};

export const switchWordsText = 'true, 1, yes, enabled or on, or one of false, 0, no, disabled and off';

/** A switch as people write it, in any case, as text, number or truth value; null for what is none. */
export function parseSwitch(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const word = String(value).toLowerCase();
  return Object.hasOwn(words, word) ? words[word]! : null;
}
