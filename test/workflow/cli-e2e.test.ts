import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { compareWithTruth } from '../../simulators/verification/compare-with-truth.ts';
import { auditLedger } from '../support/ledger-audit.ts';
import { eventually } from '../support/eventually.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { findFreePort } from '../../worker/local-temporal/free-port.ts';

const stream = 'crm.contacts';
const seed = 5;

let temporal: TestTemporal;
let simulator: RunningSimulator;
let directory = '';
let env: Record<string, string> = {};
let worker: ReturnType<typeof spawnCli>;
let workerSaid = '';
let unconvertible = 0;
/** Rows of `sync_errors`: what is read again is rejected once more. */
let quarantined = 0;
let webhook: WebhookReceiver;
let metricsPort: number | null = null;
let healthPort: number | null = null;

beforeAll(async () => {
  [temporal, simulator, webhook, metricsPort, healthPort] = await Promise.all([
    startTestTemporal(),
    startHubspotSimulator({ seed, records: { contacts: 4_000, companies: 50 }, unconvertibleEvery: 500 }),
    WebhookReceiver.open(),
    findFreePort(0),
    findFreePort(0),
  ]);
  unconvertible = simulator.portal.unconvertible('contacts').length;
  directory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  env = { TEMPORAL_ADDRESS: temporal.server.address };
});

afterAll(async () => {
  worker?.kill('SIGKILL');
  await webhook?.[Symbol.asyncDispose]();
  await simulator?.close();
  await temporal?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** With the config named, so that what is left running can be found by its name. */
const config = (): string[] => ['--config', join(directory, 'sluice.yaml')];
const sluice = (...words: string[]): Promise<CliRun> => runCli([...words, ...config()], { directory, env });
const documents = ({ stdout }: CliRun): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A probe's answer, by its parts; null where nothing listens. */
async function probe(path: string): Promise<{ status: number; parts: Record<string, { text: string }> } | null> {
  const response = await fetch(`http://127.0.0.1:${healthPort}${path}`).catch(() => null);
  return response && { ...((await response.json()) as { parts: {} }), status: response.status };
}

const scrape = async (): Promise<string[]> =>
  (await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).split('\n');

const describeRun = async () =>
  (await temporal.client.workflow.getHandle(syncWorkflowId('backfill', stream)).describe()).status.name;

/** From nothing to rows, each step leaning on the one before. */
describe('sluice, as a person uses it', () => {
  it('init tests the connection, writes no config that does not work, and then one that does', async () => {
    const flags = ['--streams', 'contacts,companies', '--schedules', 'off', '--yes', '--base-url', simulator.url];
    writeFileSync(join(directory, '.env'), 'HUBSPOT_ACCESS_TOKEN=pat-na1-another\n');
    const refused = await sluice('init', ...flags);
    expect(refused.stdout).toContain('the access token was rejected (401)');
    expect(refused.exitCode).toBe(4);
    expect(existsSync(join(directory, 'sluice.yaml'))).toBe(false);

    writeFileSync(join(directory, '.env'), `HUBSPOT_ACCESS_TOKEN=${defaultToken}\n`);
    const run = await sluice('init', ...flags);
    expect(run.stdout).toContain('the token is valid for portal 4711001');
    expect(run.stderr).toContain('sluice backfill crm.contacts crm.companies --wait');
    expect(run.exitCode).toBe(0);
    expect(readFileSync(join(directory, 'sluice.yaml'), 'utf8')).not.toContain(defaultToken);
    const again = await sluice('init', ...flags);
    expect(again.exitCode).toBe(2);
    appendFileSync(join(directory, '.env'), `WEBHOOK=${webhook.url}\n`);
    appendFileSync(
      join(directory, 'sluice.yaml'),
      `metrics: { address: 127.0.0.1:${metricsPort} }
health: { address: 127.0.0.1:${healthPort} }
freshness: 10m
alerts: { webhook: \${WEBHOOK} }
`,
    );
  });

  it('check says that no worker is up, and all is well once one is', async () => {
    const alone = await sluice('check');
    expect(alone.stdout).toContain(
      '✗ worker: no worker polls task queue sluice\n    next: sluice dev, or sluice worker\n',
    );
    expect(alone.exitCode).toBe(5);

    worker = spawnCli(['worker', ...config()], { directory, env });
    worker.stderr.on('data', (text: Buffer) => (workerSaid += text.toString()));
    await eventually('the worker is ready', () => workerSaid.includes('ready: task queue sluice'), 20_000);
    const checked = await eventually('the check succeeds', async () => {
      const run = await sluice('check');
      return run.exitCode === 0 ? run : null;
    });
    expect(checked.stdout).toContain('the token is valid for portal 4711001');
    expect(checked.stdout).not.toContain('✗');
    const [document] = documents(await sluice('check', '--json'));
    expect(document).toMatchObject({ schema: 'sluice.check/1', exitCode: 0 });
  });

  it('says that it is healthy and ready, and by what', async () => {
    expect(await probe('/livez')).toEqual({ schema: 'sluice.health/1', status: 200, parts: {} });
    expect((await probe('/healthz'))?.status).toBe(200);
    const ready = await eventually('the owner is there', async () => {
      const answer = await probe('/readyz');
      return answer?.status === 200 ? answer : null;
    });
    expect(ready.parts).toMatchObject({ worker: { text: 'polls' }, 'destination local': { text: 'owns it' } });
    expect(workerSaid).toContain(`health: http://127.0.0.1:${healthPort}/healthz\n`);
    expect((await fetch(`http://127.0.0.1:${healthPort}/`)).status).toBe(404);
  });

  it('a second worker with the same addresses is one clear error', async () => {
    const second = await sluice('worker');
    expect(second.stderr).toMatch(
      /^error: metrics: cannot listen on 127\.0\.0\.1:\d+ \(os error 98\); next: give this worker/m,
    );
    expect(second.exitCode).toBe(2);
  });

  it('discover lists objects with their counts, and one with its properties', async () => {
    const objects = await sluice('discover', 'crm');
    expect(objects.exitCode).toBe(0);
    expect(objects.stdout).toMatch(/^contacts\s+4,000/m);
    const properties = await sluice('discover', 'crm', 'contacts');
    expect(properties.stdout).toMatch(/^annualrevenue\s+decimal\s+number/m);
    const [document] = documents(await sluice('discover', 'crm', 'contacts', '--json'));
    expect(document).toMatchObject({
      schema: 'sluice.discover/1',
      kind: 'object',
      description: { object: 'contacts', versionProperty: 'lastmodifieddate' },
      summary: { recordCount: 4_000 },
      fill: null,
    });
  });

  it('discover --fill counts values in a sample, and says which and how dear it was', async () => {
    const filled = await sluice('discover', 'crm', 'contacts', '--fill', '--sample', '300');
    expect(filled.stderr).toMatch(/filled: in the 300 records created last, by \d{1,2} requests/);
    expect(filled.stdout).toMatch(/^hs_object_id\s+\S+\s+\S+\s+100 %/m);
    const [document] = documents(await sluice('discover', 'crm', 'companies', '--fill', '--json'));
    const { fill } = document as { fill: { taken: string; records: number; filled: Record<string, number> } };
    expect(fill).toMatchObject({ taken: 'all', records: 50 });
    expect(fill.filled['hs_object_id']).toBe(50);
    expect(Object.values(fill.filled).some((count) => count > 0 && count < 50)).toBe(true);
    const owners = await sluice('discover', 'crm', 'owners', '--fill', '--sample', '2');
    expect(owners.stderr).toContain('filled: in the 2 records that the source lists first');
  });

  it('backfill --limit 10 brings ten rows for a look and touches no watermark', async () => {
    const run = await sluice('backfill', stream, '--limit', '10', '--wait');
    expect(run.stdout).toContain('table      10 rows live, 0 deleted');
    expect(run.stdout).toContain('watermark  not touched by a backfill with --limit');
    expect(run.exitCode).toBe(0);
  });

  it('backfill --wait brings all, says what it could not convert, and every value is right', async () => {
    const run = await sluice('backfill', stream, '--wait');
    expect(run.stdout).toContain('table      4,000 rows live, 0 deleted');
    expect(run.stdout).toContain('read 4,000 = inserted 3,990 + unchanged 10');
    expect(run.stderr).toContain(
      `0 records rejected, ${unconvertible} values set to NULL; next: sluice errors ${stream}`,
    );
    expect(run.exitCode).toBe(3);

    const databasePath = join(directory, 'data', 'warehouse.duckdb');
    const where = {
      databasePath,
      schema: 'hubspot',
      table: 'contacts',
      simulatorUrl: simulator.url,
      object: 'contacts',
    };
    expect(await compareWithTruth(where)).toMatchObject({
      liveRows: 4_000,
      missing: { count: 0 },
      extra: { count: 0 },
      duplicated: { count: 0 },
      differing: [],
    });
    const { runs, watermark } = await auditLedger(databasePath);
    expect(runs.map(({ status, scope }) => `${String(status)} ${String(scope)}`)).toEqual(['done limit', 'done whole']);
    expect(watermark).not.toBeNull();
  });

  it('status, history and errors tell the same story in words and in JSON', async () => {
    const status = await sluice('status');
    expect(status.stdout).toMatch(new RegExp(`^crm\\.contacts\\s+4,000\\s+${unconvertible}\\s.*Done`, 'm'));
    expect(status.stdout).toMatch(/^crm\.companies\s+no table\s.*Never run/m);
    const [statusDocument] = documents(await sluice('status', '--json'));
    expect(statusDocument).toMatchObject({
      schema: 'sluice.status/1',
      streams: [
        { stream, state: 'done', rejects: unconvertible, rows: { live: 4_000, deleted: 0 } },
        { stream: 'crm.companies', state: 'neverRun', rows: null },
      ],
    });
    const cost = await sluice('status', '--cost');
    expect(cost.stderr).toContain('local (crm.contacts, crm.companies): nothing is metered');
    const [costDocument] = documents(await sluice('status', '--cost', '--since', '2026-01-31', '--json'));
    expect(costDocument!['cost']).toEqual({
      since: '2026-01-31T00:00:00.000Z',
      destinations: [{ destination: 'local', streams: [stream, 'crm.companies'], report: null }],
    });
    const history = await sluice('history', stream);
    expect(history.stdout).toMatch(/whole\s+done\s+4,000\s+3,990/);
    const [historyDocument] = documents(await sluice('history', stream, '--json'));
    expect(historyDocument).toMatchObject({
      schema: 'sluice.history/1',
      runs: [
        { scope: 'whole', status: 'done', totals: { read: 4_000 } },
        { scope: 'limit', status: 'done', totals: { read: 10 } },
      ],
    });
    const errors = await sluice('errors', stream, '--list');
    expect(errors.stderr).toContain(`${unconvertible} rejects of ${stream}`);
    const [errorsDocument] = documents(await sluice('errors', stream, '--json', '--limit', '1000'));
    expect(errorsDocument).toMatchObject({ schema: 'sluice.errors/1', total: unconvertible });
    const listed = (errorsDocument!['rows'] as { recordId: string; column: string }[]).map(
      ({ recordId, column }) => `${recordId} ${column}`,
    );
    expect(listed.sort()).toEqual(
      simulator.portal
        .unconvertible('contacts')
        .map(({ id, property }) => `${id} ${property.toLowerCase()}`)
        .sort(),
    );
  });

  it('errors groups by cause over all streams, and exports them without and with values', async () => {
    const expected = Map.groupBy(simulator.portal.unconvertible('contacts'), ({ property }) => property.toLowerCase());
    const [document] = documents(await sluice('errors', '--json'));
    const groups = document!['groups'] as { stream: string; column: string; rejects: number; records: number }[];
    expect(document).toMatchObject({ streams: [stream, 'crm.companies'], total: unconvertible });
    expect(groups.map(({ column, rejects }) => [column, rejects]).toSorted()).toEqual(
      [...expected].map(([column, { length }]) => [column, length]).toSorted(),
    );
    const [{ column, rejects } = { column: '', rejects: 0 }] = groups;
    const shown = await sluice('errors');
    expect(shown.stdout).toMatch(
      new RegExp(`^crm.contacts\\s+${column}\\s+does not convert to .*\\s${rejects}\\s`, 'm'),
    );
    expect(shown.stderr).toContain(`${unconvertible} rejects; 2 streams looked at`);
    expect(shown.stderr).toContain(`read again: sluice errors ${stream} --column ${column} --refetch --wait`);

    const file = join(directory, 'rejects.jsonl');
    expect((await sluice('errors', stream, '--column', column, '--export', file)).stdout).toBe(
      `${rejects} rejects of ${stream} are in ${file}\n`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(rejects);
    expect(JSON.parse(lines[0]!)).toEqual(expect.objectContaining({ stream, column }));
    expect(lines.join()).not.toContain('"value"');

    const values = await sluice('errors', stream, '--export', join(directory, 'values.csv'), '--include-values');
    expect(values.exitCode).toBe(0);
    const csv = readFileSync(join(directory, 'values.csv'), 'utf8');
    expect(csv.split('\n')[0]).toMatch(/,run,value$/);
    expect(csv.trimEnd().split('\n').length).toBeGreaterThan(unconvertible);
    expect(readdirSync(join(directory, '.sluice', 'stage', stream, 'exports'))).toEqual([]);
  });

  it('errors --refetch reads the records of a group again', async () => {
    const [document] = documents(await sluice('errors', stream, '--json'));
    const [group] = document!['groups'] as { column: string; rejects: number; records: number }[];
    const run = await sluice('errors', stream, '--column', group!.column, '--refetch', '--wait');
    expect(run.stdout).toContain(`read ${group!.records} = unchanged ${group!.records}`);
    expect(run.exitCode).toBe(3);
    const [after] = documents(await sluice('errors', stream, '--column', group!.column, '--json'));
    expect(after!['groups']).toMatchObject([{ rejects: group!.rejects * 2, records: group!.records }]);
    [{ total: quarantined }] = documents(await sluice('errors', stream, '--json')) as [{ total: number }];
    expect(quarantined).toBeGreaterThan(unconvertible);
  });

  it('a second backfill of a stream is refused while one runs; Ctrl-C ends only the waiting', async () => {
    simulator.configure({ latencyMs: 1_500 });
    const waiting = spawnCli(['backfill', stream, '--wait', ...config()], { directory, env });
    let said = '';
    waiting.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await eventually('it shows progress', () => said.includes(stream), 20_000);
    const busy = await sluice('backfill', stream);
    expect(busy.stderr).toMatch(
      /^error: backfill of crm\.contacts is already running \(started .*\); next: sluice status crm\.contacts --watch\n$/,
    );
    expect(busy.exitCode).toBe(2);
    waiting.kill('SIGINT');
    const [code] = (await once(waiting, 'close')) as [number];
    expect(code).toBe(130);
    expect(said).toContain('the run goes on');
    expect(await describeRun()).toBe('RUNNING');

    const cancelled = await sluice('cancel', stream);
    expect(cancelled.stdout).toContain(`cancelled backfill of ${stream}`);
    expect(cancelled.exitCode).toBe(0);
    expect(await describeRun()).toBe('CANCELLED');
    simulator.configure({ latencyMs: 0 });
  });

  it('a token that is refused is one clear line and exit code 4', async () => {
    simulator.configure({ tokens: [{ token: 'pat-na1-another' }] });
    const checked = await sluice('check');
    expect(checked.stdout).toContain('the access token was rejected (401)');
    expect(checked.exitCode).toBe(4);
    const run = await sluice('backfill', 'crm.companies', '--wait');
    const errors = run.stderr.split('\n').filter((line) => line.startsWith('error:'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/the access token was rejected \(401\); next: set a valid token/);
    expect(run.stderr).not.toMatch(/pat-na1|\n\s+at /);
    expect(run.exitCode).toBe(4);

    simulator.configure({ tokens: [{ token: defaultToken }] });
    expect((await sluice('backfill', 'crm.companies', '--wait')).stdout).toContain('50 rows live');
  });

  it('metrics tell the same, and have labels of config only', async () => {
    const lines = await scrape();
    const of = (mode: string, name: string) => `{mode="${mode}",pipeline="crm",stream="${name}"}`;
    // A look, the whole, and the one that was cancelled.
    expect(lines).toContain(`sync_success_count${of('backfill', 'contacts')} 2`);
    expect(lines).toContain(`rows_processed${of('backfill', 'contacts')} 4010`);
    expect(lines).toContain(`sync_failure_count${of('backfill', 'contacts')} 0`);
    expect(lines).toContain(`sync_failure_count${of('backfill', 'companies')} 1`);
    expect(lines).toContain(`sync_quarantine_rows{pipeline="crm",stream="contacts"} ${quarantined}`);
    expect(lines).toContain('sync_freshness_limit_seconds{pipeline="crm",stream="contacts"} 600');
    expect(lines.some((line) => /^last_sync_duration_seconds\{.*"contacts"\} \d/.test(line))).toBe(true);
    expect(lines.some((line) => /^sync_lag_seconds\{.*position="settled".*"contacts"\} \d/.test(line))).toBe(true);
    expect(lines.some((line) => line.startsWith('temporal_activity_execution_latency_seconds_bucket{'))).toBe(true);
    expect(lines).toContain('# TYPE sync_success_count counter');
    expect(lines).toContain('# HELP sync_failure_count Runs that failed.');
  });

  it('the webhook was told of each event once, and of no value or secret', async () => {
    const { alerts, bodies } = webhook;
    expect(alerts.map(({ kind, stream: of, mode }) => `${kind} ${of} ${mode}`)).toEqual([
      'rejects crm.contacts backfill',
      'rejects crm.contacts resync',
      'failure crm.companies backfill',
      'recovered crm.companies backfill',
    ]);
    const failure = alerts.find(({ kind }) => kind === 'failure');
    expect(failure).toMatchObject({
      schema: 'sluice.alert/1',
      pipeline: 'crm',
      next: expect.stringContaining('token'),
    });
    expect(failure?.text).toMatch(/^backfill of crm\.companies failed: AuthRejected: .*; next: set a valid token/);
    const secrets = [defaultToken, 's3cr3t-hook', '12,5k', 'not a date'];
    const said = [...bodies, workerSaid, ...(await scrape())].join('\n');
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
    const line = workerSaid.split('\n').find((text) => text.includes('Activity failed')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      stream: 'crm.companies',
      mode: 'backfill',
      run: failure?.run,
      activity: 'planBackfill',
      attempt: 1,
    });
  });

  it('is not ready once it shuts down, and leaves no process behind', async () => {
    worker.kill('SIGTERM');
    const [code] = (await once(worker, 'exit')) as [number];
    expect(code).toBe(0);
    expect(await probe('/readyz')).toBeNull();
    const running = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
    expect(running.split('\n').filter((line) => line.includes(directory))).toEqual([]);
  });
});
