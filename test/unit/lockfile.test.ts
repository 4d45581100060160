import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Lock;
const places = Object.keys(lock.packages);

describe('package-lock.json', () => {
  it('has the packages of every platform, without which `npm ci` refuses to install on any', () => {
    const named = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const missing = named.filter((name) => !places.some((place) => place.endsWith(`node_modules/${name}`)));
    expect(named.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it('holds the Temporal SDK in one version', () => {
    const versions = places
      .filter((place) => /node_modules\/@temporalio\/[^/]+$/.test(place))
      .map((place) => (lock.packages[place] as { version?: string }).version);
    expect(new Set(versions)).toEqual(new Set(['1.24.0']));
  });
});
