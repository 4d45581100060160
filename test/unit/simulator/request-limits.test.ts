import { describe, expect, it } from 'vitest';

import { defaultLimits } from '../../../simulators/hubspot/options.ts';
import { RequestLimits } from '../../../simulators/hubspot/request-limits.ts';
import { get, post, startForTest } from './api-client.ts';

const start = Date.UTC(2026, 0, 1, 12);
const limitsWith = (settings: object): RequestLimits => new RequestLimits({ ...defaultLimits(start), ...settings });

describe('request limits', () => {
  it('lets exactly the maximum through in any ten seconds, each slot freed ten seconds after its arrival', () => {
    const limits = limitsWith({ burst: 3 });
    const stopped = (atMs: number): boolean => limits.admit('burst', start + atMs).stoppedBy !== null;
    expect([0, 4_000, 9_000, 9_001, 9_999].map(stopped)).toEqual([false, false, false, true, true]);
    expect([10_000, 10_001, 13_999].map(stopped)).toEqual([false, true, true]);
    expect([14_000, 14_000].map(stopped)).toEqual([false, true]);
  });

  it('says in its headers what is left', () => {
    const limits = limitsWith({ burst: 100, daily: 1_000 });
    limits.admit('burst', start);
    expect(limits.admit('burst', start + 1).headers).toEqual({
      'X-HubSpot-RateLimit-Max': '100',
      'X-HubSpot-RateLimit-Remaining': '98',
      'X-HubSpot-RateLimit-Interval-Milliseconds': '10000',
      'X-HubSpot-RateLimit-Daily': '1000',
      'X-HubSpot-RateLimit-Daily-Remaining': '998',
    });
  });

  it('gives search a budget of its own, by the second and without headers', () => {
    const limits = limitsWith({ burst: 1, search: 2 });
    limits.admit('burst', start);
    const admissions = [0, 1, 999, 1_000].map((atMs) => limits.admit('search', start + atMs));
    expect(admissions.map((admission) => admission.stoppedBy)).toEqual([null, null, 'SECONDLY', null]);
    expect(admissions[0]?.headers).toEqual({});
  });

  it('stops everything at the daily limit until the instant set for its reset', () => {
    const limits = limitsWith({ daily: 2, dailyResetsAt: new Date(start + 60_000).toISOString() });
    limits.admit('burst', start);
    limits.admit('search', start);
    expect(limits.admit('burst', start).stoppedBy).toBe('DAILY');
    expect(limits.admit('search', start + 59_999).stoppedBy).toBe('DAILY');
    expect(limits.admit('burst', start + 60_000).stoppedBy).toBeNull();
    expect(limits.daily(start + 60_000)).toEqual({
      currentUsage: 1,
      usageLimit: 2,
      resetsAt: new Date(start + 60_000 + 86_400_000).toISOString(),
    });
  });

  it('shares the budget with another app that sends evenly', () => {
    const limits = limitsWith({ burst: 100, background: 40 });
    const admitted = Array.from({ length: 100 }, () => limits.admit('burst', start)).filter(
      (a) => a.stoppedBy === null,
    );
    expect(admitted).toHaveLength(60);
  });
});

describe('limits over HTTP', () => {
  it('answers 429 with the policy and no Retry-After', async () => {
    const simulator = await startForTest({ records: { contacts: 5 }, limits: { burst: 2, search: 1 } });
    const path = '/crm/objects/2026-03/contacts';
    expect((await get(simulator, '/crm/properties/2026-03/contacts')).status).toBe(200);
    expect((await post(simulator, `${path}/batch/read`, { inputs: [] })).status).toBe(200);
    const burst = await get(simulator, path);
    expect(burst.status).toBe(429);
    expect(burst.body.policyName).toBe('TEN_SECONDLY_ROLLING');
    expect(burst.headers.get('retry-after')).toBeNull();
    expect(burst.headers.get('x-hubspot-ratelimit-remaining')).toBe('0');

    await post(simulator, `${path}/search`, {});
    const search = await post(simulator, `${path}/search`, {});
    expect([search.status, search.body.message]).toEqual([429, 'You have reached your secondly limit.']);
    expect(search.headers.get('x-hubspot-ratelimit-max')).toBeNull();

    const { all } = simulator.stats.snapshot();
    expect(all).toMatchObject({ requests: 5, rateLimited: 2, peakTenSeconds: 5, peakAdmittedTenSeconds: 3 });
  });
});
