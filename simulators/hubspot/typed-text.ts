import type { PropertyType } from './property.ts';

/**
 * The canonical text of a raw value as its declared type, or null where there is none: what a destination should hold.
 * Text stays as it is; `""` in any other type is null, as is what does not convert.
 */
export function typedText(type: PropertyType, raw: string | null): string | null {
  if (raw === null) return null;
  switch (type) {
    case 'string':
    case 'enumeration':
    case 'phone_number':
      return raw;
    case 'number':
      return decimalText(raw);
    case 'bool':
      return raw === 'true' || raw === 'false' ? raw : null;
    case 'date':
      return dateText(raw);
    case 'datetime':
      return instantText(raw);
    default:
      return type satisfies never;
  }
}

const numberPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const scale = 9;
const mostIntegerDigits = 29;

/** Plain decimal with at most nine decimals, rounded half to even; null beyond 38 digits in all. */
function decimalText(raw: string): string | null {
  const match = numberPattern.exec(raw);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const digits = BigInt(whole + fraction);
  const shift = scale + Number(exponent) - fraction.length;
  if (digits === 0n) return '0';
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : divideHalfEven(digits, 10n ** BigInt(-shift));
  if (units === 0n) return '0';
  const padded = units.toString().padStart(scale + 1, '0');
  const integer = padded.slice(0, -scale);
  if (integer.length > mostIntegerDigits) return null;
  const decimals = padded.slice(-scale).replace(/0+$/, '');
  return (sign === '-' ? '-' : '') + integer + (decimals === '' ? '' : `.${decimals}`);
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twiceRest = (dividend % divisor) * 2n;
  const isUp = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

function dateText(raw: string): string | null {
  return instantText(raw)?.slice(0, 10) ?? null;
}

const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/;
const epochMsPattern = /^-?\d{1,15}$/;
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function instantText(raw: string): string | null {
  const ms = epochMsPattern.test(raw)
    ? Number(raw)
    : dayPattern.test(raw) || instantPattern.test(raw)
      ? Date.parse(raw)
      : Number.NaN;
  if (Number.isNaN(ms) || Math.abs(ms) > lastMs) return null;
  const text = new Date(ms).toISOString();
  const isCalendarDay = epochMsPattern.test(raw) || text.startsWith(raw.slice(0, 10));
  return isCalendarDay ? text : null;
}
