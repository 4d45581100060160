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

/**
 * What `parseSwitch` reads, or what it reads as `value`, as JSON Schema: its patterns know no flag for any case, so each letter
 * is given in both.
 */
export function switchJsonSchema(value?: boolean): { readonly anyOf: readonly object[] } {
  const meant = Object.keys(words).filter((word) => value === undefined || words[word] === value);
  const inAnyCase = (word: string) => word.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
  return {
    anyOf: [
      { enum: value === undefined ? [true, false] : [value] },
      { enum: meant.map(Number).filter((number) => !Number.isNaN(number)) },
      { type: 'string', pattern: `^(${meant.map(inAnyCase).join('|')})$` },
    ],
  };
}
