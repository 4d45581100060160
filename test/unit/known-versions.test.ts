import { describe, expect, it } from 'vitest';
import { knownScope, KnownVersions } from '../../activities/known-versions.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { contactsPlan } from '../support/staged-records.ts';

const earlier = '2026-11-20T12:00:00.000Z';
const later = '2026-11-20T12:00:00.001Z';

function merged(plan: StreamPlan, generation: number): KnownVersions {
  const known = new KnownVersions();
  known.stage('batch', new Map([['7', earlier]]));
  known.commit(knownScope(plan, generation), 'batch');
  return known;
}

describe('known versions', () => {
  it('are those of merged batches, and older ones', () => {
    const scope = knownScope(contactsPlan, 1);
    const known = merged(contactsPlan, 1);
    expect(known.has(scope, '7', earlier)).toBe(true);
    expect(known.has(scope, '7', '2026-11-20T11:59:00Z')).toBe(true);
    expect(known.has(scope, '7', later)).toBe(false);
    expect(known.has(scope, '8', earlier)).toBe(false);
    known.stage('unmerged', new Map([['8', earlier]]));
    expect(known.has(scope, '8', earlier)).toBe(false);
  });

  it('may be those of batches that are staged and not merged, if those are named', () => {
    const known = new KnownVersions();
    known.stage('first', new Map([['7', earlier]]));
    known.stage('second', new Map([['8', later]]));
    expect(known.isStaged(['first', 'second'], '8', earlier)).toBe(true);
    expect(known.isStaged(['first', 'second'], '7', later)).toBe(false);
    expect(known.isStaged(['first'], '8', later)).toBe(false);
    known.commit(knownScope(contactsPlan, 1), 'second');
    expect(known.isStaged(['second'], '8', later)).toBe(false);
    expect(known.has(knownScope(contactsPlan, 1), '8', later)).toBe(true);
  });

  it('of batches staged first are forgotten first', () => {
    const many = (prefix: string) => new Map(Array.from({ length: 60_000 }, (_, id) => [`${prefix}${id}`, earlier]));
    const known = new KnownVersions();
    known.stage('first', many('a'));
    known.stage('second', many('b'));
    expect(known.isStaged(['first'], 'a1', earlier)).toBe(false);
    expect(known.isStaged(['second'], 'b1', earlier)).toBe(true);
  });

  it('are of one generation, and of the columns they were read with', () => {
    const known = merged(contactsPlan, 1);
    expect(known.has(knownScope(contactsPlan, 2), '7', earlier)).toBe(false);
    const added = { name: 'added', property: 'added', type: 'text' } as const;
    const wider = { ...contactsPlan, columns: [...contactsPlan.columns, added] };
    expect(known.has(knownScope(wider, 1), '7', earlier)).toBe(false);
    const [first, ...others] = contactsPlan.columns;
    const widened = { ...contactsPlan, columns: [{ ...first!, type: 'decimal' as const }, ...others] };
    expect(known.has(knownScope(widened, 1), '7', earlier)).toBe(true);
  });
});
