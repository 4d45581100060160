import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Sandbox } from '../../examples/sandbox.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import type { LoggedRequest } from '../../simulators/hubspot/request-stats.ts';
import { startHubspotSimulator } from '../../simulators/hubspot/start.ts';
import { compareWithTruth } from '../../simulators/verification/compare-with-truth.ts';
import type { backfill } from '../../workflows/index.ts';
import { eventually } from '../support/eventually.ts';
import { noDifference } from '../support/expect-same.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { readWarehouse } from '../support/warehouse.ts';

/** Requests per ten seconds: few, so that a window is spent in a moment on a busy machine too. */
const limit = 60;
const windowMs = 10_000;
/** Two of the three have more to read than the limit allows before it is lifted. */
const records = 9_500;
const pageRecords = 100;
const names = ['north', 'west', 'south'];

/** Most requests within any window. */
function peakOf(log: readonly LoggedRequest[]): number {
  let first = 0;
  const inWindow = log.map(({ atMs }, last) => {
    while (log[first]!.atMs <= atMs - windowMs) first++;
    return last - first + 1;
  });
  return Math.max(...inWindow);
}

/** Share of the limit that requests used: each comes one window after the one a whole limit before it, where all is used. */
function useOf(log: readonly LoggedRequest[], isMeant: (request: LoggedRequest) => boolean): number {
  const tookMs = log.flatMap((request, i) =>
    i < limit || !isMeant(request) ? [] : [request.atMs - log[i - limit]!.atMs],
  );
  expect(tookMs.length).toBeGreaterThan(limit / 4);
  return windowMs / (tookMs.reduce((sum, each) => sum + each, 0) / tookMs.length);
}

/** Pages that are in a table, of those that were asked for before an instant. */
async function pagesBefore(databasePath: string, atMs: number): Promise<number> {
  const [row] = await readWarehouse(databasePath, (query) =>
    query(`SELECT count(*) AS records FROM hubspot.contacts WHERE epoch_ms(_observed_at) < ${atMs}`),
  );
  return Number(row!['records']) / pageRecords;
}

it('three workers of three files use up one limit and never pass it, two go on once one is killed, and no row is lost', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await temporaryFolder());
  const simulator = await startHubspotSimulator({
    seed: 510,
    records: { contacts: records },
    spread: 'even',
    limits: { burst: limit },
    latencyMs: 30,
    jitterMs: 30,
  });
  closing.defer(() => simulator.close());
  const temporal = await startTestTemporal();
  closing.defer(() => temporal.stop());
  const sandboxes = await Promise.all(
    names.map(async (name) => {
      await mkdir(join(folder.path, name));
      const columns = ['company', 'createdate', 'email', 'hs_object_id', 'lastmodifieddate'];
      const sandbox = await Sandbox.create({
        folder: join(folder.path, name),
        simulatorUrl: simulator.url,
        temporalAddress: temporal.server.address,
        streams: { contacts: { columns, chunkRecords: 2_500 } },
        pipeline: name,
        budgetDir: join(folder.path, 'budgets'),
      });
      closing.defer(() => sandbox.stop());
      return sandbox;
    }),
  );
  const [victim, ...others] = sandboxes;
  const log = simulator.stats.keepLog();
  /** Search has a limit of its own. */
  const spent = () => log.filter(({ route }) => !route.startsWith('search'));

  const killed = victim!.startWorker();
  await Promise.all([killed, ...others.map((sandbox) => sandbox.startWorker())].map(({ ready }) => ready));
  const handles = await Promise.all(
    names.map((name) =>
      temporal.client.workflow.start<typeof backfill>('backfill', {
        workflowId: syncWorkflowId('backfill', `${name}.contacts`),
        taskQueue: name,
        args: [{ stream: `${name}.contacts` }],
      }),
    ),
  );
  await eventually('three are in the middle of the second window', () => spent().length >= 1.5 * limit, 60_000);
  const killedAtMs = Date.now();
  await killed.stop('SIGKILL');
  await eventually('two have all but spent the third', () => spent().length >= 2.9 * limit, 60_000);
  const limited = spent();
  simulator.configure({ limits: { burst: null } });
  victim!.startWorker();
  for (const handle of handles) expect((await handle.result()).rows).toEqual({ live: records, deleted: 0 });
  await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));

  expect(simulator.stats.snapshot()['all']).toMatchObject({ rateLimited: 0 });
  expect(peakOf(limited)).toBeLessThanOrEqual(limit);
  const isByThree = ({ atMs }: LoggedRequest) => atMs <= killedAtMs;
  expect(useOf(limited, isByThree)).toBeGreaterThanOrEqual(0.9);
  expect(useOf(limited, (request) => !isByThree(request))).toBeGreaterThanOrEqual(0.9);

  const pages = await Promise.all(others.map(({ databasePath }) => pagesBefore(databasePath, killedAtMs)));
  const listed = limited.filter((request) => isByThree(request) && request.route === 'list contacts').length;
  const shares = [...pages, listed - pages.reduce((sum, each) => sum + each, 0)];
  expect(Math.min(...shares), `pages of each: ${shares.join(', ')}`).toBeGreaterThan(0);
  for (const { databasePath } of sandboxes) {
    const { url: simulatorUrl } = simulator;
    const request = { databasePath, schema: 'hubspot', table: 'contacts', simulatorUrl, object: 'contacts' };
    expect(await compareWithTruth(request)).toMatchObject({ ...noDifference, sourceRecords: records });
  }
}, 180_000);
