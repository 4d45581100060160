import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableSurvey } from '../../model/adoption.ts';
import { systemColumns } from '../../model/column.ts';
import type { Positions } from '../../model/positions.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { compareWithTruth, isEqual } from '../../simulators/verification/compare-with-truth.ts';
import type { reconcile } from '../../workflows/reconcile.ts';
import { eventually } from '../support/eventually.ts';
import { holdFile } from '../support/held-file.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

const stream = 'crm.contacts';
/** Of a pipeline whose table another tool has filled. */
const taken = 'taken.contacts';
let adoptsFrom = '';

let temporal: TestTemporal;
let simulator: RunningSimulator;
let directory = '';
let worker: ReturnType<typeof spawnCli>;
let webhook: WebhookReceiver;

/** What the webhook was told of a stream, in order. */
const alertsOf = (name: string): string[] =>
  webhook.alerts
    .filter((alert) => alert.stream === name)
    .map(({ kind, mode }) => (mode === null ? kind : `${kind} ${mode}`));

beforeAll(async () => {
  [temporal, simulator, webhook] = await Promise.all([
    startTestTemporal(),
    startHubspotSimulator({ seed: 7, records: { contacts: 2_000 }, search: { lagMs: 0 } }),
    WebhookReceiver.open(),
  ]);
  directory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}" }
sources:
  crm: { kind: hubspot, accessToken: ${defaultToken}, baseUrl: "${simulator.url}" }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    schema: hubspot
    streams: { contacts: {}, owners: { freshness: 1s, schedules: off } }
  taken:
    source: crm
    destination: local
    schema: taken
    streams: { contacts: { schedules: off } }
alerts: { webhook: "${webhook.url}" }
`,
  );
  worker = spawnCli(['worker'], { directory });
  let said = '';
  worker.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await eventually('the worker is ready', () => said.includes('ready: task queue sluice'), 20_000);
});

afterAll(async () => {
  worker?.kill('SIGKILL');
  await webhook?.[Symbol.asyncDispose]();
  await simulator?.close();
  await temporal?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory });
const expectEqual = async (): Promise<void> => {
  const run = await sluice('verify', stream);
  expect(run.stdout).toContain(`${stream}: equal to its source\n`);
  expect(run.exitCode).toBe(0);
};

/** From the first backfill to a table that has followed its source, each step leaning on the one before. */
describe('keeping a stream in step, as a person does', () => {
  it('needs a backfill first', async () => {
    const early = await sluice('sync', stream, '--wait');
    expect(early.stderr).toMatch(/^error: crm\.contacts: needs backfill: .*; next: sluice backfill crm\.contacts$/m);
    expect(early.exitCode).toBe(1);
    expect((await sluice('backfill', stream, '--wait')).exitCode).toBe(0);
    await expectEqual();
  });

  it('sync says that nothing changed, and then what did', async () => {
    const idle = await sluice('sync', stream, '--wait');
    expect(idle.stdout).toMatch(/ {2}Performing incremental sync from \S+ to \S+: nothing changed\n/);
    expect(idle.exitCode).toBe(0);

    simulator.portal.change('contacts', { count: 5 });
    simulator.portal.create('contacts', { count: 2 });
    const changed = await sluice('sync', stream, '--wait');
    expect(changed.stdout).toContain('read 7 = inserted 2 + updated 5\n');
    expect(changed.exitCode).toBe(0);
    await expectEqual();
  });

  it('verify tells a difference by its ids, and soft-delete flags it', async () => {
    const [id = ''] = simulator.portal.archive('contacts', { count: 1, seed: 3 });
    const differing = await sluice('verify', stream);
    expect(differing.stdout).toContain(`${stream}: differs from its source\n`);
    expect(differing.stdout).toContain(`extra      1 (${id})\n`);
    expect(differing.exitCode).toBe(3);

    const deleted = await sluice('soft-delete', stream, '--wait');
    expect(deleted.stdout).toContain('2,001 rows live, 1 deleted\n');
    expect(deleted.exitCode).toBe(0);
    await expectEqual();
  });

  it('reconcile asks before it flags what vanished in a mass, and approve lets it', async () => {
    simulator.portal.archive('contacts', { count: 200 });
    simulator.portal.purge('contacts', { olderThanDays: 0 });
    const asks = await sluice('reconcile', stream, '--wait');
    expect(asks.stdout).toContain('needs approval: 200 of 2001 live rows (10.0 %) are gone from the source\n');
    expect(asks.exitCode).toBe(7);
    expect((await sluice('approve', stream, '--digest', '0'.repeat(64))).exitCode).toBe(2);
    expect((await sluice('approve', stream)).exitCode).toBe(7);
    expect((await sluice('verify', stream)).exitCode).toBe(3);

    expect((await sluice('approve', stream, '--yes')).exitCode).toBe(0);
    await temporal.client.workflow.getHandle(syncWorkflowId('reconcile', stream)).result();
    expect((await sluice('approve', stream, '--yes')).stderr).toContain(`nothing of ${stream} waits for an approval`);
    await expectEqual();
  });

  it('the webhook was told of the approval, once', async () => {
    await eventually('the approval', () => alertsOf(stream).length > 0);
    expect(alertsOf(stream)).toEqual(['approval reconcile']);
    expect(webhook.alerts.find((alert) => alert.stream === stream)).toMatchObject({ next: `sluice approve ${stream}` });
  });

  it('a stream whose runs stay away is stale, once, and fresh again with the next run', async () => {
    const owners = 'crm.owners';
    expect(alertsOf(owners)).toEqual([]);
    expect((await sluice('backfill', owners, '--wait')).exitCode).toBe(0);
    await eventually('stale', () => alertsOf(owners).length === 1);
    expect(webhook.alerts.find(({ kind }) => kind === 'stale')?.message).toMatch(
      /^crm\.owners is stale: no run has .* since .* \(freshness 1s\); it has no schedule$/,
    );
    expect((await sluice('backfill', owners, '--replace', '--wait')).exitCode).toBe(0);
    await eventually('fresh again', () => alertsOf(owners).length >= 2);
    expect(alertsOf(owners).slice(0, 2)).toEqual(['stale', 'recovered']);
  });

  it('resync reads named records again, and says so where there are none', async () => {
    const [id = ''] = simulator.portal.change('contacts', { count: 1, seed: 9 });
    const run = await sluice('resync', stream, '--ids', `${id},999999999999`, '--wait');
    expect(run.stdout).toContain('read 2 = updated 1 + unchanged 1\n');
    expect(run.exitCode).toBe(0);
    const none = await sluice('resync', stream, '--ids', '999999999998', '--wait');
    expect(none.stderr).toContain('none of the 1 ids is a record at the source');
    expect(none.exitCode).toBe(1);
    await expectEqual();
  });

  it('sync --full and backfill --replace read everything, and find nothing left over', async () => {
    const full = await sluice('sync', stream, '--full', '--wait');
    expect(full.stdout).toContain('  Performing full sync (asked for)\n');
    expect(full.stdout).toContain('found      no difference\n');
    expect(full.exitCode).toBe(0);
    const replaced = await sluice('backfill', stream, '--replace', '--wait');
    expect(replaced.stdout).toContain('found      no difference\n');
    expect(replaced.exitCode).toBe(0);
  });

  it('history tells every run by its mode', async () => {
    const { stdout } = await sluice('history', stream, '--json');
    const { runs } = JSON.parse(stdout) as { runs: { mode: string; status: string }[] };
    expect(new Set(runs.map(({ mode }) => mode))).toEqual(
      new Set(['backfill', 'incremental', 'softDelete', 'reconcile', 'resync']),
    );
    expect(runs.every(({ status }) => status === 'done')).toBe(true);
  });

  it('reset makes it begin anew, and keeps the rows', async () => {
    const reset = await sluice('reset', stream, '--yes');
    expect(reset.stdout).toBe(`reset ${stream} (rows kept)\n`);
    expect(reset.exitCode).toBe(0);
    const sync = await sluice('sync', stream, '--wait');
    expect(sync.stderr).toContain('needs backfill');
    expect(sync.exitCode).toBe(1);
    const backfill = await sluice('backfill', stream, '--wait');
    expect(backfill.stdout).toContain('read 1,801 = unchanged 1,801\n');
    expect(backfill.exitCode).toBe(0);
  });

  it('shows what adopting the table of another tool would do, and asks', async () => {
    const missing = await sluice('backfill', taken, '--adopt', '--yes', '--wait');
    expect(missing.stderr).toContain('there is no table taken.contacts to adopt; next: check');
    expect(missing.exitCode).toBe(2);

    const own = systemColumns.join(', ');
    await holdFile(join(directory, 'warehouse.duckdb'), async (execute) => {
      await execute('CREATE SCHEMA taken');
      await execute(
        `CREATE TABLE taken.contacts AS SELECT * EXCLUDE (${own}), 'tool' AS loaded_by FROM hubspot.contacts WHERE _deleted IS NOT TRUE`,
      );
      // What the other tool has wrong: a value, a stamp, a record too few, and one too many.
      const some = (n: number) => `(SELECT id FROM taken.contacts ORDER BY id LIMIT 1 OFFSET ${n})`;
      await execute(`UPDATE taken.contacts SET firstname = 'somebody else' WHERE id = ${some(1)}`);
      await execute(
        `UPDATE taken.contacts SET firstname = 'late', lastmodifieddate = lastmodifieddate + INTERVAL 1 SECOND WHERE id = ${some(2)}`,
      );
      await execute(`DELETE FROM taken.contacts WHERE id = ${some(3)}`);
      await execute(`UPDATE taken.contacts SET id = 999999999997 WHERE id = ${some(4)}`);
    });

    const asked = await sluice('backfill', taken, '--adopt');
    expect(asked.stderr).toContain('adopting taken.contacts (--dry-run shows what that does) needs a confirmation');
    expect(asked.exitCode).toBe(7);
    const preview = await sluice('backfill', taken, '--adopt', '--dry-run', '--json');
    expect(preview.exitCode).toBe(0);
    const { adoptions } = JSON.parse(preview.stdout) as {
      adoptions: { survey: TableSurvey; positions: Positions; sourceRecords: number }[];
    };
    const { survey, positions, sourceRecords } = adoptions[0]!;
    adoptsFrom = positions.settled;
    expect(survey).toMatchObject({
      rows: sourceRecords - 1,
      stampColumn: 'lastmodifieddate',
      addedColumns: systemColumns,
    });
    expect(Date.parse(survey.newestStamp) - Date.parse(positions.settled)).toBe(5 * 60_000);
  });

  it('adopts it, and makes it equal its source', async () => {
    const adopted = await sluice('backfill', taken, '--adopt', '--yes', '--wait');
    expect(adopted.stdout).toContain('adopted as it was; nothing was read\n');
    expect(adopted.stdout).toContain('reconcile  called: it reads again what differs from the source\n');
    expect(adopted.stdout).toContain(`watermark  ${adoptsFrom}\n`);
    expect(adopted.exitCode).toBe(0);
    const found = await temporal.client.workflow
      .getHandle<typeof reconcile>(syncWorkflowId('reconcile', taken))
      .result();
    const { missing: absent, stale, recalculated, vanished } = found.vanished!.differences;
    expect({ absent, stale, recalculated, vanished }).toEqual({ absent: 2, stale: 1, recalculated: 1, vanished: 1 });
    const verified = await sluice('verify', taken, '--sample', '2000');
    expect(verified.stdout).toContain(`${taken}: equal to its source\n`);

    simulator.portal.change('contacts', { count: 3, seed: 11 });
    expect((await sluice('sync', taken, '--wait')).stdout).toMatch(/ updated 3\b/);
    expect((await sluice('sync', stream, '--wait')).exitCode).toBe(0);
  });

  it('leaves a table that is its source', async () => {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    const databasePath = join(directory, 'warehouse.duckdb');
    const table = { databasePath, schema: 'hubspot', table: 'contacts' };
    const comparison = await compareWithTruth({ ...table, simulatorUrl: simulator.url, object: 'contacts' });
    expect(isEqual(comparison), JSON.stringify(comparison)).toBe(true);
  });
});
