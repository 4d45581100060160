import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { findFreePort } from '../../worker/local-temporal/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';
import {
  descriptions,
  eventsOf,
  failureTextsOf,
  fileNames,
  histories,
  leaksOf,
  payloadsOf,
  serverDatabase,
  written,
} from '../support/surfaces.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { readWarehouse } from '../support/warehouse.ts';

const contacts = 'crm.contacts';
const companies = 'crm.companies';

/** Of a step of the story, each of which is several commands. */
const onBusyMachineMs = 120_000;

const token = 'pat-na1-canary-5b0c7f1e93';
const keys = { k1: randomBytes(32).toString('base64'), k2: randomBytes(32).toString('base64') };

/** Each is looked for in every surface, in several forms. */
const canaries = {
  'the access token': token,
  'the key of the collector': 'collector-key-canary-42',
  'the hash key': 'hash-key-canary-0123456789',
  'encryption key k1': keys.k1,
  'encryption key k2': keys.k2,
  'an email': 'zephyrine@quillfeather.example',
  'a name': 'Zephyrine Quillfeather-Ōkami',
  'a hashed phone number': '+49 30 5550199 canary',
  'a value that does not convert': 'about-seven-canaries',
  'a value that stops its run': 'no-number-but-a-canary',
} as const;

let temporal: TestTemporal;
let simulator: RunningSimulator;
let collector: OtlpReceiver;
let directory = '';
let worker: ReturnType<typeof spawnCli> | null = null;
const workerLog: string[] = [];
const cliTexts: string[] = [];
let metricsPort = 0;
const scraped: string[] = [];

const environment = (): Record<string, string> => ({
  HUBSPOT_ACCESS_TOKEN: token,
  SLUICE_HASH_KEY: canaries['the hash key'],
  SLUICE_LOG_LEVEL: 'trace',
  KEY_1: keys.k1,
  KEY_2: keys.k2,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=${canaries['the key of the collector']}`,
  OTEL_BSP_SCHEDULE_DELAY: '100',
});

function writeConfig(encryption: object | null, name = 'sluice.yaml'): void {
  const streams = {
    contacts: { hash: ['phone'], associations: [] },
    companies: { limits: { rejects: 0 }, associations: [] },
  };
  const config = {
    version: 1,
    temporal: { address: temporal.server.address },
    sources: { crm: { kind: 'hubspot', accessToken: '${HUBSPOT_ACCESS_TOKEN}', baseUrl: simulator.url } },
    destinations: { local: { kind: 'duckdb', path: './warehouse.duckdb' } },
    schedules: { incremental: '30d', softDelete: 'off', reconcile: 'off' },
    pipelines: { crm: { source: 'crm', destination: 'local', schema: 'hubspot', streams } },
    metrics: { address: `127.0.0.1:${metricsPort}` },
    ...(encryption === null ? {} : { encryption }),
  };
  writeFileSync(join(directory, name), JSON.stringify(config));
}

async function startWorker(): Promise<void> {
  await stopWorker();
  const started = spawnCli(['worker'], { directory, env: environment() });
  worker = started;
  let said = '';
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      workerLog.push(text);
    });
  }
  await eventually('the worker is ready', () => said.includes('ready: task queue sluice'), 60_000);
}

/** Keeps what the worker's metrics say now. */
async function scrape(): Promise<void> {
  if (worker !== null) scraped.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
}

async function stopWorker(): Promise<void> {
  if (worker === null) return;
  await scrape();
  const ended = once(worker, 'exit');
  worker.kill('SIGTERM');
  await ended;
  worker = null;
}

async function sluice(...words: string[]): Promise<CliRun> {
  const run = await runCli([...words, '--debug'], { directory, env: environment() });
  cliTexts.push(run.stdout, run.stderr);
  return run;
}

const query = (sql: string) => readWarehouse(join(directory, 'warehouse.duckdb'), (ask) => ask(sql));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
  [temporal, simulator, collector] = await Promise.all([
    startTestTemporal({ databaseFile: join(directory, 'server', 'temporal.db') }),
    startHubspotSimulator({
      seed: 11,
      records: { contacts: 1_500, companies: 40 },
      tokens: [token],
      search: { lagMs: 0 },
    }),
    OtlpReceiver.open(),
  ]);
  simulator.portal.create('contacts', {
    records: [
      {
        email: canaries['an email'],
        firstname: canaries['a name'],
        phone: canaries['a hashed phone number'],
        annualrevenue: canaries['a value that does not convert'],
      },
    ],
  });
  simulator.portal.create('companies', { records: [{ annualrevenue: canaries['a value that stops its run'] }] });
  metricsPort = (await findFreePort(0)) ?? 0;
  writeConfig(null);
  await startWorker();
});

afterAll(async () => {
  worker?.kill('SIGKILL');
  await collector?.[Symbol.asyncDispose]();
  await simulator?.close();
  await temporal?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A surface that is new is one more line here. */
const surfaces = () => [
  histories(temporal.client, contacts),
  descriptions(temporal.client, contacts),
  serverDatabase(join(directory, 'server', 'temporal.db'), contacts),
  written('the worker’s log', () => workerLog, 'owns the destination'),
  written('the command line', () => cliTexts, contacts),
  written('metrics', () => scraped, 'rows_processed'),
  written('traces', () => collector.bodies, 'RunActivity:mergeChunk'),
  fileNames(directory, 'warehouse.duckdb'),
];

async function leaks(): Promise<string[]> {
  await scrape();
  return leaksOf(surfaces(), canaries);
}

/** Runs these at once: they only look. */
const look = (...runs: readonly string[]): Promise<CliRun[]> =>
  Promise.all(runs.map((words) => sluice(...words.split(' '))));

/** Starts a backfill that is slow enough to be looked at; the payload of its heartbeat. */
async function readSlowly(): Promise<Payload> {
  simulator.configure({ latencyMs: 700 });
  expect((await sluice('backfill', contacts, '--fresh')).exitCode).toBe(0);
  return eventually('a heartbeat', async () => {
    const { raw } = await backfillOf(contacts).describe();
    const reading = raw.pendingActivities?.filter(({ activityType }) => activityType?.name === 'extractChunk');
    const payloads = reading?.flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []);
    // One that has just begun says nothing yet, so that it is known to live.
    return payloads?.find((payload) => encodingOf(payload) !== 'binary/null');
  });
}

const backfillOf = (stream: string) => temporal.client.workflow.getHandle(syncWorkflowId('backfill', stream));
const encodingOf = (payload: Payload | null | undefined): string =>
  Buffer.from(payload?.metadata?.['encoding'] ?? []).toString();

/** Each leaning on the one before. */
describe('a secret or a personal value', { timeout: onBusyMachineMs }, () => {
  it('gets where it belongs: the row, and the payload of what did not convert', async () => {
    expect((await sluice('schedules', 'apply')).exitCode).toBe(0);
    const [done, failed] = await look(`backfill ${contacts} --wait`, `backfill ${companies} --wait`);
    expect(done?.exitCode).toBe(3);
    expect(failed?.stderr).toMatch(/rejected/);
    expect(failed?.exitCode).toBe(1);
    const planted = await query(`SELECT email, firstname FROM hubspot.contacts WHERE email LIKE 'zeph%'`);
    expect(planted).toEqual([{ email: canaries['an email'], firstname: canaries['a name'] }]);
    const payloads = JSON.stringify(await query('SELECT payload FROM hubspot.sync_errors'));
    expect(payloads).toContain(canaries['a value that does not convert']);
    expect(payloads).not.toContain(canaries['a hashed phone number']);
  });

  it('is in nothing that verbs print, Temporal keeps or a worker logs', async () => {
    simulator.portal.change('contacts', { count: 1, values: { firstname: canaries['a name'] } });
    await sluice('sync', contacts, '--wait');
    await look(
      'discover crm contacts --json',
      'check',
      `verify ${contacts}`,
      `errors ${contacts}`,
      `history ${contacts} --json`,
      'status --json',
    );
    expect(await leaks()).toEqual([]);
  });

  it('is in no heartbeat of a running step, and in no text of one that fails', async () => {
    expect(encodingOf(await readSlowly())).toBe('json/plain');
    expect(await leaks()).toEqual([]);
    simulator.configure({ latencyMs: 0, tokens: [{ token: 'another' }] });
    await expect(backfillOf(contacts).result()).rejects.toThrow();
    expect((await sluice('status')).stdout).toContain('the access token was rejected (401)');
    expect(await leaks()).toEqual([]);
    simulator.configure({ tokens: [{ token }] });
  });

  it('would have been found', async () => {
    const found = await leaksOf(surfaces(), { ...canaries, 'a word that is known to be there': contacts });
    expect(found).toEqual(
      expect.arrayContaining(
        ['histories', 'descriptions', 'the server’s database', 'the command line'].map(
          (surface) => `a word that is known to be there in ${surface}`,
        ),
      ),
    );
    const blind = await leaksOf([written('nothing', () => [], contacts)], canaries);
    expect(blind).toEqual([`nothing does not even show "${contacts}": the scan is blind`]);
  });

  it('is on disk only where nobody else may look', () => {
    const mode = (...path: string[]): string => (statSync(join(directory, ...path)).mode & 0o777).toString(8);
    expect([mode('.sluice'), mode('.sluice', 'stage'), mode('server')]).toEqual(['700', '700', '700']);
  });
});

/** What is in plain in the newest backfill's history: encodings of payloads, and texts of failures. */
async function plainOf(stream: string): Promise<string[]> {
  const { workflowId, runId } = await backfillOf(stream).describe();
  const events = await eventsOf(temporal.client, { workflowId, runId });
  const encodings = payloadsOf(events).map(encodingOf);
  expect(encodings.length).toBeGreaterThan(3);
  return [...new Set([...encodings, ...failureTextsOf(events)])].filter((text) => !masked.has(text)).sort();
}

const masked: ReadonlySet<string> = new Set(['binary/encrypted', 'Encoded failure']);

const k1 = { k1: '${KEY_1}' };
const both = { ...k1, k2: '${KEY_2}' };

/** On the server of before, whose runs and schedules are not encrypted. */
describe('encryption', { timeout: onBusyMachineMs }, () => {
  it('turned on, keeps what was there readable, and schedules in step', async () => {
    expect(await plainOf(companies)).toEqual(
      expect.arrayContaining(['json/plain', expect.stringContaining('rejected')]),
    );
    writeConfig({ current: 'k1', keys: k1 });
    await startWorker();
    const [status, applied] = await look('status', 'schedules apply --json');
    expect(status?.stdout).toMatch(/^crm\.companies\t.*Failed: .*were rejected/m);
    expect(JSON.parse(applied!.stdout)).toMatchObject({ changes: [{ change: 'unchanged' }, { change: 'unchanged' }] });
  });

  it('leaves no input, result, failure or heartbeat in plain, and the command line reads them', async () => {
    expect(encodingOf(await readSlowly())).toBe('binary/encrypted');
    expect((await sluice('status', contacts)).stdout).toMatch(/^crm\.contacts\t.*\t(Running|Finishing|Done)/m);
    simulator.configure({ latencyMs: 0 });
    const failed = await sluice('backfill', companies, '--wait');
    expect(failed.stderr).toMatch(/error: .*were rejected/);
    expect(failed.exitCode).toBe(1);
    await eventually('it is done', async () => (await backfillOf(contacts).describe()).status.name === 'COMPLETED');
    const [status] = await look('status');
    expect(status?.stdout).toMatch(/^crm\.companies\t.*Failed: .*were rejected/m);
    expect(status?.stdout).toMatch(/^crm\.contacts\t.*Done/m);
    expect([await plainOf(contacts), await plainOf(companies)]).toEqual([[], []]);
  });

  it('leaves schedules in plain, with the name of the stream alone, for a rotation not to strand them', async () => {
    const id = scheduleId('incremental', contacts);
    await temporal.client.schedule.getHandle(id).delete();
    expect((await sluice('schedules', 'apply')).exitCode).toBe(0);
    const { memo, action } = await temporal.client.schedule.getHandle(id).describe();
    expect(memo).toEqual({ sluice: { stream: contacts, mode: 'incremental' } });
    expect(action.args).toEqual([{ stream: contacts }]);
  });

  it('without a key is a text that names it, and nothing is begun', async () => {
    const [before] = await query('SELECT count(*) AS runs FROM hubspot.sync_runs');
    writeConfig({ current: 'k2', keys: both });
    // The worker has read its config before and knows k1 alone.
    expect((await sluice('backfill', contacts, '--fresh')).exitCode).toBe(0);
    await eventually(
      'the worker has failed at it twice',
      async () => ((await backfillOf(contacts).describe()).raw.pendingWorkflowTask?.attempt ?? 0) > 2,
      60_000,
    );
    expect((await sluice('status', contacts)).stdout).toContain('encrypted with key "k2", which is missing');
    expect(await query('SELECT count(*) AS runs FROM hubspot.sync_runs')).toEqual([before]);

    writeConfig({ current: 'k2', keys: { k2: both.k2 } }, 'forgetful.yaml');
    writeConfig(null, 'unaware.yaml');
    const [forgetful, unaware] = await look(
      `status ${companies} --config forgetful.yaml`,
      `backfill ${companies} --wait --config unaware.yaml`,
    );
    expect(forgetful?.stdout).toContain('Unknown: what Temporal keeps is encrypted with key "k1", which is missing');
    expect(unaware?.stderr).toMatch(
      /^error: what Temporal keeps is encrypted with key "k1", which is missing; next: add it/m,
    );
    expect(unaware?.exitCode).toBe(2);
    const unset = await runCli(['status'], { directory, env: { HUBSPOT_ACCESS_TOKEN: token, KEY_1: keys.k1 } });
    expect(unset.stderr).toMatch(/encryption\.keys\.k2: KEY_2 is not set; next: set KEY_2/);
    expect(unset.exitCode).toBe(2);
  });

  it('after a rotation goes on, opens what the old key encrypted, and encrypts by the new one', async () => {
    await startWorker();
    await eventually(
      'the run that waited is done',
      async () => (await backfillOf(contacts).describe()).status.name === 'COMPLETED',
      90_000,
    );
    const [status] = await look('status');
    expect(status?.stdout).toMatch(/^crm\.companies\t.*Failed: .*were rejected/m);
    expect(status?.stdout).toMatch(/^crm\.contacts\t.*Done/m);
    const { workflowId, runId } = await backfillOf(contacts).describe();
    const keyIds = payloadsOf(await eventsOf(temporal.client, { workflowId, runId })).map(({ metadata }) =>
      Buffer.from(metadata?.['encryption-key-id'] ?? []).toString(),
    );
    // In between the worker of before said, under the key it had, that it cannot take it up.
    expect([keyIds.at(0), keyIds.at(-1)]).toEqual(['k2', 'k2']);
  });

  it('leaks no key, wherever', async () => {
    expect(await leaks()).toEqual([]);
  });
});
