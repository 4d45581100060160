import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findingCodes } from '../../client/doctor/finding-codes.ts';

const page = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');

/** Codes in the first column of the tables under each heading. */
const documented = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const group = section.split('\n')[0]!.trim();
    return [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => [code, group === 'Any group' ? null : group]);
  });

describe('docs/doctor.md', () => {
  it('explains every finding, under its group, and no other', () => {
    expect(documented).toEqual(Object.entries(findingCodes));
  });
});
