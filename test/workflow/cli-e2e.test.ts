import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
let worker: ReturnType<typeof spawnCli>;
let workerSaid = '';
let unconvertible = 0;
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
  writeFileSync(join(directory, '.env'), `HUBSPOT_ACCESS_TOKEN=${defaultToken}\nWEBHOOK=${webhook.url}\n`);
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}" }
sources:
  crm:
    kind: hubspot
    accessToken: \${HUBSPOT_ACCESS_TOKEN}
    baseUrl: ${simulator.url}
destinations:
  local: { kind: duckdb, path: ./data/warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    schema: hubspot
    streams:
      contacts: {}
      companies: {}
metrics: { address: 127.0.0.1:${metricsPort} }
health: { address: 127.0.0.1:${healthPort} }
alerts: { webhook: \${WEBHOOK} }
`,
  );
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
const sluice = (...words: string[]): Promise<CliRun> => runCli([...words, ...config()], { directory });
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

/** From a config written by hand to rows, each step leaning on the one before. */
describe('sluice, as a person uses it', () => {
  it('check says that no worker is up, and all is well once one is', async () => {
    const alone = await sluice('check');
    expect(alone.stdout).toContain(
      '✗ worker: no worker polls task queue sluice\n    next: sluice dev, or sluice worker\n',
    );
    expect(alone.exitCode).toBe(5);

    worker = spawnCli(['worker', ...config()], { directory });
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
    });
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
    const errors = await sluice('errors', stream);
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

  it('a second backfill of a stream is refused while one runs; Ctrl-C ends only the waiting', async () => {
    simulator.configure({ latencyMs: 1_500 });
    const waiting = spawnCli(['backfill', stream, '--wait', ...config()], { directory });
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
    expect(lines).toContain(`sync_quarantine_rows{pipeline="crm",stream="contacts"} ${unconvertible}`);
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
      'failure crm.companies backfill',
      'recovered crm.companies backfill',
    ]);
    expect(alerts[1]).toMatchObject({
      schema: 'sluice.alert/1',
      pipeline: 'crm',
      next: expect.stringContaining('token'),
    });
    expect(alerts[1]?.text).toMatch(/^backfill of crm\.companies failed: AuthRejected: .*; next: set a valid token/);
    const secrets = [defaultToken, 's3cr3t-hook', '12,5k', 'not a date'];
    const said = [...bodies, workerSaid, ...(await scrape())].join('\n');
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
    const line = workerSaid.split('\n').find((text) => text.includes('Activity failed')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      stream: 'crm.companies',
      mode: 'backfill',
      run: alerts[1]?.run,
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
