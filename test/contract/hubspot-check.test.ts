import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../model/finding.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startHubSpot } from '../support/hubspot-under-test.ts';

const never = new AbortController().signal;

const firstOf = ([finding]: readonly Finding[]): Finding => finding!;

/** A port of this machine on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.concurrent('a check of HubSpot', () => {
  it('names the account and each object that can be read', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 10 }, portalId: 4_242 });
    const findings = await hubspot.source.check(['contacts', 'deals'], never);
    expect(findings).toEqual([
      {
        subject: `HubSpot account at ${hubspot.simulator.url}`,
        status: 'ok',
        text: 'the token is valid for portal 4242 (STANDARD)',
        next: null,
        kind: null,
      },
      { subject: 'HubSpot contacts', status: 'ok', text: 'readable', next: null, kind: null },
      { subject: 'HubSpot deals', status: 'ok', text: 'readable', next: null, kind: null },
      {
        subject: 'HubSpot request budget',
        status: 'warning',
        text: 'kept by this worker alone: no folder for budgets is given',
        next: expect.stringContaining('set budgetDir') as string,
        kind: null,
      },
    ]);
  });

  it('says through which file the request budget is shared, without a word of the token', async () => {
    await using folder = await temporaryFolder();
    await using hubspot = await startHubSpot({}, { budgetDir: folder.path });
    const budget = (await hubspot.source.check([], never)).at(-1)!;
    expect(budget).toMatchObject({ subject: 'HubSpot request budget', status: 'ok', next: null });
    const [name] = (await readdir(folder.path)).filter((file) => file.endsWith('.budget'));
    expect(budget.text).toBe(`shared with all processes of this machine that use ${join(folder.path, name!)}`);
    for (const file of await readdir(folder.path)) {
      expect(file).not.toContain(defaultToken);
      expect(await readFile(join(folder.path, file), 'latin1')).not.toContain(defaultToken);
    }
  });

  it('says that the token is wrong, once', async () => {
    await using hubspot = await startHubSpot({}, { readAccessToken: () => Promise.resolve('pat-secret') });
    const findings = await hubspot.source.check(['contacts', 'deals'], never);
    expect(findings).toHaveLength(1);
    expect(firstOf(findings)).toMatchObject({ status: 'failed', kind: 'auth' });
    expect(firstOf(findings).text).toContain('the access token was rejected (401)');
    expect(firstOf(findings).next).toContain('set a valid token');
    expect(JSON.stringify(findings)).not.toContain('pat-secret');
  });

  it('names the object whose scope is missing, and goes on with the others', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 1 } });
    hubspot.simulator.configure({ missingScopes: ['deals'] });
    const findings = await hubspot.source.check(['deals', 'contacts'], never);
    expect(findings.map(({ subject, status, kind }) => [subject, status, kind])).toEqual([
      [`HubSpot account at ${hubspot.simulator.url}`, 'ok', null],
      ['HubSpot deals', 'failed', 'auth'],
      ['HubSpot contacts', 'ok', null],
      ['HubSpot request budget', 'warning', null],
    ]);
    expect(findings[1]).toMatchObject({
      text: expect.stringContaining('lacks a scope') as string,
      next: expect.stringContaining('read scope (crm.objects.deals.read)') as string,
    });
  });

  it('says that a base URL leads elsewhere', async () => {
    await using hubspot = await startHubSpot();
    const source = hubspot.openSource({ config: { baseUrl: `${hubspot.simulator.url}/api` } });
    const findings = await source.check(['contacts'], never);
    for (const finding of findings) {
      expect(finding).toMatchObject({
        status: 'failed',
        kind: 'config',
        text: expect.stringContaining('does not know this path (404)') as string,
        next: 'check baseUrl and apiVersion of the source',
      });
    }
  });

  it('says that nothing listens at the address', async () => {
    await using hubspot = await startHubSpot();
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    const findings = await hubspot.openSource({ config: { baseUrl } }).check(['contacts'], never);
    expect(findings).toHaveLength(1);
    expect(firstOf(findings)).toMatchObject({
      subject: `HubSpot account at ${baseUrl}`,
      status: 'failed',
      kind: 'unreachable',
      text: expect.stringContaining('nothing listens at that address (ECONNREFUSED)') as string,
      next: expect.stringContaining('check baseUrl') as string,
    });
  });

  it('says that the host is not known', async () => {
    await using hubspot = await startHubSpot();
    const baseUrl = 'http://no-such-host.invalid';
    const findings = await hubspot.openSource({ config: { baseUrl } }).check(['contacts'], never);
    expect(firstOf(findings)).toMatchObject({ status: 'failed', kind: 'unreachable' });
    expect(firstOf(findings).text).toMatch(/host name does not resolve \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  it('warns where the daily limit is spent', async () => {
    await using hubspot = await startHubSpot({ limits: { daily: 0 } });
    const findings = await hubspot.source.check(['contacts'], never);
    expect(firstOf(findings)).toMatchObject({ status: 'warning' });
    expect(firstOf(findings).text).toMatch(/^HubSpot daily limit until \d{4}-/);
  });

  it('ends within seconds though the account is down', async () => {
    await using hubspot = await startHubSpot();
    hubspot.simulator.faults.add({ kind: 'serverError' });
    const startedMs = performance.now();
    const findings = await hubspot.source.check(['contacts', 'deals'], never);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(findings).toMatchObject([{ status: 'failed', kind: 'unreachable' }]);
  });
});
