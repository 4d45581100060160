import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { runCli, spawnCli } from '../support/run-cli.ts';
import { eventsOf } from '../support/surfaces.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

const stream = 'crm.contacts';
/** Nobody listens there. */
const nowhere = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '300' };

let temporal: TestTemporal;
let simulator: RunningSimulator;
let collector: OtlpReceiver;
let directory = '';
let worker: ReturnType<typeof spawnCli> | null = null;
let said = '';

beforeAll(async () => {
  [temporal, simulator, collector] = await Promise.all([
    startTestTemporal(),
    startHubspotSimulator({ seed: 5, records: { contacts: 1_200 } }),
    OtlpReceiver.open(),
  ]);
  directory = mkdtempSync(join(tmpdir(), 'sluice-traces-'));
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}" }
sources:
  crm: { kind: hubspot, accessToken: ${defaultToken}, baseUrl: "${simulator.url}" }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  crm: { source: crm, destination: local, schema: hubspot, streams: { contacts: { associations: [] } } }
`,
  );
  writeFileSync(join(directory, '.env'), `OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}\n`);
});

afterAll(async () => {
  worker?.kill('SIGKILL');
  await collector?.[Symbol.asyncDispose]();
  await simulator?.close();
  await temporal?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function startWorker(env: Record<string, string>): Promise<void> {
  said = '';
  const started = spawnCli(['worker'], { directory, env });
  worker = started;
  started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await eventually('the worker is ready', () => said.includes('ready: task queue sluice'), 60_000);
}

async function stopWorker(): Promise<unknown> {
  const ended = once(worker!, 'exit');
  worker!.kill('SIGTERM');
  const [exitCode] = (await ended) as [number | null];
  return exitCode;
}

const backfill = (env: Record<string, string> = {}) =>
  runCli(['backfill', stream, '--fresh', '--wait'], { directory, env });

/** The latest backfill: its run, and its events. */
async function describeRun() {
  const { workflowId, runId } = await temporal.client.workflow.getHandle(syncWorkflowId('backfill', stream)).describe();
  return { run: runId, events: await eventsOf(temporal.client, { workflowId, runId }) };
}

describe('traces', () => {
  it('hold the command, the run and its steps in one, and the last of them come at SIGTERM', async () => {
    // Only the end of the worker makes it send.
    await startWorker({ OTEL_BSP_SCHEDULE_DELAY: '3600000' });
    const done = await backfill();
    expect(done.stderr).not.toContain('warning');
    expect(done.exitCode).toBe(0);
    expect(collector.spans.map(({ name }) => name)).toEqual(['StartWorkflow:backfill']);
    expect(await stopWorker()).toBe(0);

    const { run, events } = await describeRun();
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([run.replaceAll('-', '')]));
    const [root, ...more] = collector.spans.filter(({ parentSpanId }) => parentSpanId === null);
    expect(more).toEqual([]);
    expect(root).toMatchObject({
      name: 'RunWorkflow:backfill',
      attributes: { 'sluice.stream': stream, 'sluice.run': run, 'sluice.counts.read': 1_200 },
      status: { code: 0 },
    });
    const parts = collector.spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId);
    expect(parts).toHaveLength(collector.spans.length - 1);
    const names = parts.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(
        ['planBackfill', 'extractChunk', 'mergeChunk'].map((activity) => `RunActivity:${activity}`),
      ),
    );
    const merge = parts.find(({ name }) => name === 'RunActivity:mergeChunk');
    expect(merge?.attributes).toMatchObject({ 'sluice.attempt': 1, 'sluice.counts.inserted': 1_200 });
    expect(merge?.durationMs).toBeLessThanOrEqual(root?.durationMs ?? 0);
    // A trace costs a run no header, and so no event and no byte of history.
    expect(JSON.stringify(events)).toContain('"header"');
    expect(JSON.stringify(events)).not.toMatch(/"header":\{"fields":\{"/);
  }, 120_000);

  it('go nowhere without harm where nobody takes them, with a line each of worker and command', async () => {
    await startWorker({ ...nowhere, OTEL_BSP_SCHEDULE_DELAY: '50' });
    const before = collector.bodies.length;
    const done = await backfill(nowhere);
    expect(done.exitCode).toBe(0);
    expect(done.stderr.match(/^warning: the collector takes no traces: ECONNREFUSED$/gm)).toHaveLength(1);
    const off = await backfill({ OTEL_SDK_DISABLED: 'true' });
    expect(off.stderr).not.toContain('warning');
    expect(off.exitCode).toBe(0);
    expect(await stopWorker()).toBe(0);
    expect(said.match(/the collector takes no traces: ECONNREFUSED/g)).toHaveLength(1);
    expect(collector.bodies).toHaveLength(before);
  }, 120_000);
});
