import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDecimalText } from '../../model/decimal-text.ts';

describe('toDecimalText', () => {
  it.each([
    ['0', '0', false],
    ['12.5', '12.5', false],
    ['-0.5', '-0.5', false],
    ['.5', '0.5', false],
    ['5.', '5', false],
    ['+7', '7', false],
    ['-0', '-0', false],
    ['-0.0000000001', '0', true],
    ['1.5e-7', '0.00000015', false],
    ['2E3', '2000', false],
    ['1e-10', '0', true],
    ['0.0000000005', '0', true],
    ['0.0000000015', '0.000000002', true],
    ['-0.0000000015', '-0.000000002', true],
    ['0.00000000050000000000001', '0.000000001', true],
    ['0.9999999999', '1', true],
    ['0.200000000000000011102230246251565404236316680908203125', '0.2', true],
    ['20000000000000000000', '20000000000000000000', false],
    ['12345678901234567890.123456789', '12345678901234567890.123456789', false],
    ['1.1000000000000000', '1.1', false],
  ])('%s becomes %s', (given, text, isRounded) => {
    expect(toDecimalText(given)).toEqual({ text, isRounded });
  });

  it.each(['', '.', 'e5', '12,5k', 'NaN', 'Infinity', '1.2.3', '0x10', '1e99999'])('%s is not a number', (given) => {
    expect(toDecimalText(given)).toBeNull();
  });

  it('rounds to the nearest multiple of 1e-9, ties to the even one', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 24n), 10n ** 24n), (scaledBy12) => {
        const sign = scaledBy12 < 0n ? '-' : '';
        const digits = (scaledBy12 < 0n ? -scaledBy12 : scaledBy12).toString().padStart(13, '0');
        const result = toDecimalText(`${sign}${digits.slice(0, -12)}.${digits.slice(-12)}`)!.text;
        const [whole, decimals = ''] = result.replace('-', '').split('.');
        const rounded = BigInt(whole! + decimals.padEnd(9, '0')) * (result.startsWith('-') ? -1n : 1n);
        const distance = rounded * 1000n - scaledBy12;
        expect(distance >= -500n && distance <= 500n).toBe(true);
        if (distance === 500n || distance === -500n) expect(rounded % 2n).toBe(0n);
      }),
    );
  });
});
