/** Digits after the point in every `decimal` column. */
export const decimalScale = 9;

const numberPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const plainPattern = /^-?\d{1,15}(?:\.\d{1,9})?$/;

export interface DecimalText {
  readonly text: string;
  readonly isRounded: boolean;
}

/**
 * A float-born number as plain decimal text with at most nine decimals, rounded half-even on its digits, never through
 * a float. Null when `text` is not a number: the caller keeps the original, which then fails its cast and is quarantined.
 * Whether the digits before the point fit the column is left to the cast as well.
 */
export function toDecimalText(text: string): DecimalText | null {
  if (plainPattern.test(text)) return { text, isRounded: false };
  const match = numberPattern.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;

  const shift = Number(exponent);
  let digits = whole + fraction;
  let point = whole.length + shift;
  if (point < 0) {
    digits = '0'.repeat(-point) + digits;
    point = 0;
  } else if (point > digits.length) {
    digits += '0'.repeat(point - digits.length);
  }
  const integerPart = digits.slice(0, point);
  const decimals = digits.slice(point).replace(/0+$/, '');
  const isRounded = decimals.length > decimalScale;
  const scaled = isRounded
    ? roundHalfEven(integerPart, decimals)
    : BigInt(`0${integerPart}${decimals.padEnd(decimalScale, '0')}`);
  return { text: plainText(sign === '-', scaled), isRounded };
}

function roundHalfEven(integerPart: string, decimals: string): bigint {
  const kept = BigInt(`0${integerPart}${decimals.slice(0, decimalScale)}`);
  const first = decimals.charCodeAt(decimalScale) - 48;
  const isTie = first === 5 && decimals.length === decimalScale + 1;
  const roundsUp = isTie ? kept % 2n === 1n : first >= 5;
  return roundsUp ? kept + 1n : kept;
}

function plainText(isNegative: boolean, scaled: bigint): string {
  const digits = scaled.toString().padStart(decimalScale + 1, '0');
  const decimals = digits.slice(-decimalScale).replace(/0+$/, '');
  const magnitude = digits.slice(0, -decimalScale) + (decimals === '' ? '' : `.${decimals}`);
  return isNegative && scaled !== 0n ? `-${magnitude}` : magnitude;
}
