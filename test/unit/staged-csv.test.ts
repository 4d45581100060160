import { describe, expect, it } from 'vitest';
import { encodeStagedRows } from '../../model/staged-csv.ts';

describe('encodeStagedRows', () => {
  it.each([
    ['null is nothing', [null, 'a', null], ',a,\n'],
    ['an empty string is quoted', ['', null], '"",\n'],
    ['separators and quotes', ['a,b', 'say "hi"'], '"a,b","say ""hi"""\n'],
    ['line ends stay as they are', ['a\nb', 'c\r\nd', 'e\rf'], '"a\nb","c\r\nd","e\rf"\n'],
    [
      'other code points need no quotes',
      ['\uFEFFx', 'a\u2028b', '😀', ' x ', 'NULL', '\\N'],
      '\uFEFFx,a\u2028b,😀, x ,NULL,\\N\n',
    ],
  ])('%s', (_name, row, text) => {
    expect(encodeStagedRows([row])).toBe(text);
  });

  it('a row of one null is an empty line, and rows follow one another', () => {
    expect(encodeStagedRows([[null], ['1'], ['2']])).toBe('\n1\n2\n');
  });
});
