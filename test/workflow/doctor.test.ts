import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SyncMode } from '../../model/plan.ts';
import { scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { eventually } from '../support/eventually.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { readWarehouse } from '../support/warehouse.ts';

interface Shown {
  readonly group: string;
  readonly code: string;
  readonly status: string;
  readonly subject: string;
  readonly evidence: string;
  readonly mend: string | null;
  readonly done: string | null;
  readonly notDone: string | null;
}

interface Report {
  readonly schema: string;
  readonly exitCode: number;
  readonly findings: readonly Shown[];
}

const ghostRun = '0199d7a0-0000-7000-8000-000000000001';

let temporal: TestTemporal;
let native: NativeConnection;
let simulator: RunningSimulator;
let directory = '';
let worker: ReturnType<typeof spawnCli> | null = null;
let brokenWorker: Worker;
let brokenEnded: Promise<void>;

beforeAll(async () => {
  quietRuntime();
  directory = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
  [temporal, simulator] = await Promise.all([
    startTestTemporal({ searchAttributes: {} }),
    startHubspotSimulator({
      seed: 11,
      records: { companies: 500, deals: 10 },
      limits: { daily: 10_000 },
    }),
  ]);
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}" }
sources:
  crm: { kind: hubspot, accessToken: "\${HUBSPOT_ACCESS_TOKEN}", baseUrl: ${simulator.url} }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    schema: hubspot
    streams:
      companies: { schedules: { incremental: 1h } }
      deals: { schedules: { incremental: off, softDelete: off, reconcile: off } }
`,
  );
  native = await NativeConnection.connect({ address: temporal.server.address });
  brokenWorker = await Worker.create({
    connection: native,
    taskQueue: 'broken',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../support/throwing-workflows.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
  });
  brokenEnded = brokenWorker.run();
});

afterAll(async () => {
  brokenWorker?.shutdown();
  await brokenEnded;
  await native?.close();
  worker?.kill('SIGKILL');
  await simulator?.close();
  await temporal?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const env = { HUBSPOT_ACCESS_TOKEN: defaultToken };
const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory, env });

async function doctor(...flags: string[]): Promise<Report> {
  const { stdout, stderr, exitCode } = await sluice('doctor', '--json', ...flags);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ schema: 'sluice.doctor/1', exitCode });
  return report;
}

/** `code subject`, of what is neither all right nor mended. */
function wrong({ findings }: Report): string[] {
  return findings
    .filter(({ status, done }) => status !== 'ok' && done === null)
    .map(({ code, subject }) => `${code} ${subject}`);
}

const evidenceOf = ({ findings }: Report, code: string): string | undefined =>
  findings.find((finding) => finding.code === code)?.evidence;

const findingOf = ({ findings }: Report, code: string): Shown | undefined =>
  findings.find((finding) => finding.code === code && finding.status !== 'ok');

const backfill = (stream: string, taskQueue = 'sluice') =>
  temporal.client.workflow.start('backfill', {
    workflowId: syncWorkflowId('backfill', stream),
    taskQueue,
    args: [{ stream }],
  });

/** Each step leans on the one before. */
describe('sluice doctor', { timeout: 120_000 }, () => {
  it('without a worker: says what it cannot look at, and looks at the rest', async () => {
    const report = await doctor();
    expect(report.exitCode).toBe(5);
    expect(wrong(report)).toEqual([
      'search-attributes namespace default',
      'no-poller task queue sluice',
      'clock-skew clocks',
      'schedule-missing incremental/crm.companies',
      'schedule-missing soft-delete/crm.companies',
      'schedule-missing reconcile/crm.companies',
      'stale-stream crm.companies',
      'not-looked-at destinations',
      'not-looked-at sources',
    ]);
  });

  it('creates search attributes and schedules, and says so', async () => {
    const { stdout, exitCode } = await sluice('doctor', '--fix');
    expect(stdout).toContain('done: created SyncPipeline, SyncStream, SyncMode, SyncPhase');
    expect(stdout.match(/ ✓ mended {2}schedule-missing: .*\n {6}done: created it\n/g)).toHaveLength(3);
    expect(stdout).toMatch(
      /\n {2}· skipped not-looked-at: sources: no worker polls task queue sluice\n {6}next: sluice dev, or sluice worker\n/,
    );
    expect(stdout).toMatch(/\n2 failed, 3 skipped, 4 mended; \d+ ok\n$/);
    expect(exitCode).toBe(5);
  });

  it('finds nothing wrong once a worker has brought the rows', async () => {
    worker = spawnCli(['worker', '--config', join(directory, 'sluice.yaml')], { directory, env });
    let said = '';
    worker.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await eventually('the worker is ready', () => said.includes('ready: task queue sluice'), 30_000);
    await (await backfill('crm.companies')).result();

    const report = await eventually(
      'all is well',
      async () => {
        const looked = await doctor();
        return wrong(looked).length === 0 ? looked : null;
      },
      60_000,
    );
    expect(report.exitCode).toBe(0);
    expect(evidenceOf(report, 'no-poller')).toMatch(/^polled by \d+@/);
    expect(evidenceOf(report, 'owner-queue')).toMatch(/^held by \d+@.* \(task queue duckdb-[0-9a-f]{16}\)$/);
    expect(evidenceOf(report, 'clock-skew')).toMatch(/^\d+\.\d s (behind|ahead of) that of this machine$/);
    expect(evidenceOf(report, 'source-clock')).toMatch(/^\d+\.\d s (behind|ahead of) that of the worker$/);
    expect(evidenceOf(report, 'daily-quota')).toMatch(/^9,\d{3} of 10,000 requests left until /);
    expect(new Set(report.findings.map(({ group }) => group)).size).toBe(7);
  });

  it('names what was planted, each with evidence and the way out', async () => {
    await plant();
    const report = await doctor();
    expect(report.exitCode).toBe(3);
    // What the terminated run leaves staged depends on the moment.
    const named = wrong(report).filter((line) => line !== 'stage-leftover backfill of crm.companies');
    expect(named.toSorted()).toEqual([
      'dead-run-row backfill of crm.companies',
      'failed-run backfill/crm.companies',
      'schedule-drift reconcile/crm.companies',
      'schedule-paused incremental/crm.companies',
      `stage-folder ${join(directory, '.sluice', 'stage')}`,
      'stage-leftover incremental of crm.companies',
      'wedged-run backfill/crm.deals',
    ]);
    expect(findingOf(report, 'wedged-run')).toMatchObject({
      evidence: expect.stringMatching(/^its workflow task failed \d+ times.*: the new code is broken$/) as string,
      mend: expect.stringContaining('temporal workflow reset --workflow-id backfill/crm.deals') as string,
    });
    expect(findingOf(report, 'schedule-drift')).toMatchObject({
      evidence: 'changed by hand (overlap: ALLOW_ALL, config says SKIP)',
      mend: 'sluice schedules apply, or sluice doctor --fix',
    });
    expect(findingOf(report, 'schedule-paused')).toMatchObject({
      evidence: 'paused by bert "migration"',
      mend: 'sluice resume crm.companies',
    });
    expect(findingOf(report, 'stage-leftover')!.evidence).toBe(
      `4.0 KB of run ${ghostRun}, last written 2026-01-02 03:04 UTC; no open run needs it`,
    );
    expect(findingOf(report, 'stage-folder')!.evidence).toBe('other users may look into it (mode 0755)');
  });

  it('mends what is safe, and a second look is clean of that', async () => {
    const fixed = await doctor('--fix');
    const done = new Set(fixed.findings.flatMap(({ code, done: text }) => (text === null ? [] : [`${code}: ${text}`])));
    expect([...done].toSorted()).toEqual([
      'dead-run-row: closed it as lost',
      'schedule-drift: updated it',
      'stage-folder: set its mode to 0700',
      'stage-leftover: removed it',
    ]);
    expect(fixed.findings.filter(({ notDone }) => notDone !== null)).toEqual([]);

    // What only a person may do is still there.
    expect(wrong(await doctor()).toSorted()).toEqual([
      'failed-run backfill/crm.companies',
      'schedule-paused incremental/crm.companies',
      'wedged-run backfill/crm.deals',
    ]);
    const rows = await readWarehouse(join(directory, 'warehouse.duckdb'), (query) =>
      query("SELECT status, count(*)::INT AS runs FROM hubspot.sync_runs WHERE stream = 'crm.companies' GROUP BY ALL"),
    );
    expect(rows).toContainEqual({ status: 'lost', runs: 1 });
    expect(existsSync(join(directory, '.sluice', 'stage', 'crm.companies', 'incremental', ghostRun))).toBe(false);
    expect(statSync(join(directory, '.sluice', 'stage')).mode & 0o777).toBe(0o700);
  });
});

async function plant(): Promise<void> {
  const { client } = temporal;
  await backfill('crm.deals', 'broken');
  const schedule = (mode: SyncMode, stream: string) => client.schedule.getHandle(scheduleId(mode, stream));
  await schedule('reconcile', 'crm.companies').update((stored) => ({
    ...stored,
    policies: { ...stored.policies, overlap: 'ALLOW_ALL' },
  }));
  await schedule('incremental', 'crm.companies').pause('paused by bert "migration"');

  const stage = join(directory, '.sluice', 'stage');
  const leftover = join(stage, 'crm.companies', 'incremental', ghostRun);
  mkdirSync(leftover, { recursive: true });
  writeFileSync(join(leftover, 'records.csv'), 'x'.repeat(4_096));
  const longAgo = new Date('2026-01-02T03:04:05Z');
  for (const path of [join(leftover, 'records.csv'), leftover]) utimesSync(path, longAgo, longAgo);
  chmodSync(stage, 0o755);

  // Terminated in the middle: nothing closes its row.
  simulator.configure({ latencyMs: 700 });
  const companies = await backfill('crm.companies');
  await eventually(
    'the backfill reads',
    async () => {
      const { raw } = await companies.describe();
      return raw.pendingActivities?.some(
        ({ activityType, state }) => activityType?.name === 'extractChunk' && state === 2,
      );
    },
    60_000,
  );
  await companies.terminate('end of test');
  simulator.configure({ latencyMs: 0 });
  await eventually(
    'the broken code has failed twice',
    async () => {
      const { raw } = await client.workflow.getHandle(syncWorkflowId('backfill', 'crm.deals')).describe();
      return (raw.pendingWorkflowTask?.attempt ?? 0) >= 3;
    },
    30_000,
  );
}
