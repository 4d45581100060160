import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTraces, openTracesWhenUsed } from '../../tracing/open-traces.ts';
import { runIds } from '../../tracing/run-ids.ts';
import type { RunSpan, RunTraces } from '../../tracing/run-span.ts';
import { stepCounts } from '../../tracing/step-counts.ts';
import { readTraceSettings } from '../../tracing/trace-settings.ts';
import { spanOfReport } from '../../worker/trace-runs.ts';
import { traceInterceptor } from '../../worker/trace-steps.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';

const run = '019f3b2a-7c10-7d55-8a01-00c0ffee0042';
const traceId = '019f3b2a7c107d558a0100c0ffee0042';

/** Later than OpenTelemetry takes for milliseconds since the process began. */
const startedAtMs = Date.UTC(2026, 0, 5);

function spanOf(kind: RunSpan['kind'], more: Partial<RunSpan> = {}): RunSpan {
  return {
    name: `${kind}:backfill`,
    kind,
    run,
    stream: 'crm.contacts',
    mode: 'backfill',
    workflowId: 'backfill/crm.contacts',
    startedAtMs,
    endedAtMs: startedAtMs + 2_500,
    outcome: { kind: 'ok' },
    facts: {},
    ...more,
  };
}

describe('whether traces are sent', () => {
  const endpoint = 'http://127.0.0.1:4318';
  it.each<[string, Record<string, string>, string | RegExp]>([
    ['nothing set', {}, 'off'],
    ['an empty endpoint, as compose passes one on', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, 'off'],
    ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, 'on'],
    ['one for traces alone', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }, 'on'],
    ['an endpoint and no SDK', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' }, 'off'],
    ['an endpoint for something else', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' }, 'off'],
    [
      'a protocol that is not spoken',
      { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL is grpc; next: /,
    ],
    [
      'one that is, for traces',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      },
      'on',
    ],
    [
      'no address',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 's3cr3t@collector' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT is no http:\/\/ or https:\/\/ address; next: correct it$/,
    ],
  ])('%s', (_, variables, expected) => {
    const settings = readTraceSettings(variables);
    if (typeof expected === 'string') expect(settings.kind).toBe(expected);
    else expect(settings).toEqual({ kind: 'refused', reason: expect.stringMatching(expected) as string });
  });
});

it.each([
  [run, { traceId, spanId: '8a0100c0ffee0042' }],
  [run.toUpperCase(), { traceId, spanId: '8a0100c0ffee0042' }],
  ['00000000-0000-0000-0000-000000000000', null],
  ['run-1', null],
])('the ids of a run’s trace come from the run: %s', (name, ids) => {
  expect(runIds(name)).toEqual(ids);
});

it('takes numbers out of a step’s result, and nothing else', () => {
  expect(
    stepCounts({
      kind: 'merged',
      counts: { read: 10, inserted: 10, updated: 0 },
      requests: { requests: 3, note: 'zephyrine@quillfeather.example' },
      batch: { sequence: 1, stage: { directory: '/data', records: { rowCount: 9 }, tombstones: { rowCount: 0 } } },
      head: { totals: { read: 1 } },
    }),
  ).toEqual({ 'counts.read': 10, 'counts.inserted': 10, 'requests.requests': 3, 'staged.records': 9 });
  expect(stepCounts(undefined)).toEqual({});
  expect(stepCounts({ batch: null, counts: 'many' })).toEqual({});
});

describe('the span of a run', () => {
  const subject = {
    stream: 'crm.contacts',
    mode: 'softDelete',
    run,
    execution: run,
    isScheduled: true,
    at: '2026-11-28T12:00:00.000Z',
  } as const;
  const end = { durationMs: 90_000, failedBefore: null };
  const done = { rows: 7, rejects: 0, bringsUpToDate: false, undone: null, positions: null, isLapsed: false };

  it.each([
    [{ ...subject, ...end, ...done, kind: 'done' } as const, { kind: 'ok' }],
    [
      { ...subject, ...end, kind: 'failed', failure: 'Fenced', message: 'another run' } as const,
      { kind: 'failed', failure: 'Fenced' },
    ],
    [{ ...subject, kind: 'cancelled', durationMs: 90_000 } as const, { kind: 'interrupted', failure: 'Cancelled' }],
  ])('has its whole time, and how it ended: $kind', (report, outcome) => {
    const span = spanOfReport(report, 'soft-delete/crm.contacts-2026-11-28T11:58:30Z');
    expect(span).toMatchObject({ name: 'RunWorkflow:softDelete', kind: 'run', run, outcome });
    expect(span!.endedAtMs - span!.startedAtMs).toBe(90_000);
    expect(span!.endedAtMs).toBe(Date.parse(subject.at));
    expect(JSON.stringify(span)).not.toContain('another run');
  });

  it('is none of what a run tells on its way', () => {
    expect(spanOfReport({ ...subject, kind: 'approvalOver' }, 'soft-delete/crm.contacts')).toBeNull();
  });
});

describe('the span of a step', () => {
  const info = {
    activityType: 'mergeChunk',
    activityId: '4',
    attempt: 3,
    workflowExecution: { workflowId: 'backfill/crm.contacts' },
  };

  async function spansOf(argument: object, next: () => Promise<unknown>): Promise<RunSpan[]> {
    const noted: RunSpan[] = [];
    const interceptor = traceInterceptor(info, { note: (span) => noted.push(span), close: async () => undefined });
    const given = await interceptor.execute!({ args: [argument], headers: {} }, next).catch((error: unknown) => error);
    expect(given).toBe(await next().catch((error: unknown) => error));
    return noted;
  }

  const merge = { stream: 'crm.contacts', mode: 'backfill', run };

  it('has attempt and counts', async () => {
    const result = { kind: 'merged', counts: { read: 3, inserted: 3 } };
    expect(await spansOf(merge, async () => result)).toEqual([
      expect.objectContaining({
        name: 'RunActivity:mergeChunk',
        kind: 'step',
        run,
        workflowId: 'backfill/crm.contacts',
        outcome: { kind: 'ok' },
        facts: { attempt: 3, activityId: '4', 'counts.read': 3, 'counts.inserted': 3 },
      }),
    ]);
  });

  const late = { type: 'RateLimited', category: ApplicationFailureCategory.BENIGN, message: 'in a minute' };
  it.each([
    [ApplicationFailure.create({ type: 'DataRejected', message: 'too many' }), 'failed', 'DataRejected'],
    [ApplicationFailure.create(late), 'interrupted', 'RateLimited'],
    [new CancelledFailure('paused'), 'interrupted', 'Cancelled'],
    [new TypeError('zephyrine@quillfeather.example'), 'failed', 'Unexpected'],
  ])('tells of a failure its kind alone: %s', async (error, kind, failure) => {
    const [span] = await spansOf(merge, () => Promise.reject(error));
    expect(span).toMatchObject({ outcome: { kind, failure }, facts: { attempt: 3, activityId: '4' } });
    expect(JSON.stringify(span)).not.toContain(error.message);
  });

  it('is none where there is no run, as for an inspection', async () => {
    expect(await spansOf({ verb: 'check', stream: 'crm.contacts' }, async () => 'well')).toEqual([]);
  });
});

describe('a collector', () => {
  let receiver: OtlpReceiver;
  let warnings: string[] = [];
  beforeEach(async () => {
    warnings = [];
    receiver = await OtlpReceiver.open();
    // What openTraces would put there for good.
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await receiver[Symbol.asyncDispose]();
  });

  const open = (answerWithinMs = 5_000): Promise<RunTraces> =>
    openTraces({
      variables: process.env,
      answerWithinMs,
      closeWithinMs: 2 * answerWithinMs,
      warn: (line) => warnings.push(line),
    });

  it('gets a run with its parts below it, from whoever notes them, in whatever order', async () => {
    const [worker, command] = [await open(), await open()];
    command.note(spanOf('command'));
    worker.note(spanOf('step', { facts: { attempt: 2, 'counts.read': 10 } }));
    worker.note(spanOf('step', { outcome: { kind: 'failed', failure: 'AuthRejected' } }));
    worker.note(spanOf('step', { outcome: { kind: 'interrupted', failure: 'Cancelled' } }));
    worker.note(spanOf('run'));
    await Promise.all([worker.close(), command.close()]);
    expect(receiver.paths).toEqual(['/v1/traces', '/v1/traces']);
    expect(new Set(receiver.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const byName = Object.groupBy(receiver.spans, ({ name }) => name);
    const [root] = byName['run:backfill']!;
    expect(root).toMatchObject({
      spanId: '8a0100c0ffee0042',
      parentSpanId: null,
      durationMs: 2_500,
      service: 'sluice',
    });
    const parts = [...byName['step:backfill']!, ...byName['command:backfill']!];
    expect(parts.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(4).fill(root?.spanId));
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(5);
    expect(parts[0]?.attributes).toEqual({
      'sluice.pipeline': 'crm',
      'sluice.stream': 'crm.contacts',
      'sluice.mode': 'backfill',
      'sluice.run': run,
      'sluice.workflow': 'backfill/crm.contacts',
      'sluice.attempt': 2,
      'sluice.counts.read': 10,
    });
    expect(parts.map(({ status }) => status.code)).toEqual([0, 2, 0, 0]);
    expect(parts.map(({ attributes }) => attributes['error.type'])).toEqual([
      undefined,
      'AuthRejected',
      'Cancelled',
      undefined,
    ]);
    expect(warnings).toEqual([]);
  });

  it('gets all of a run that is sampled, or nothing of it', async () => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_traceidratio');
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0.5');
    const traces = await open();
    for (let i = 0; i < 40; i++) {
      const of = { run: crypto.randomUUID() };
      traces.note(spanOf('step', of));
      traces.note(spanOf('run', of));
    }
    await traces.close();
    const parts = Object.values(Object.groupBy(receiver.spans, (span) => span.traceId));
    expect(parts.map((spans) => spans?.length)).toEqual(Array(parts.length).fill(2));
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.length).toBeLessThan(40);
  });

  it('that does not answer holds nobody up, and is one line', async () => {
    receiver.holds = true;
    const traces = await open(100);
    traces.note(spanOf('run'));
    const startedAtMs = performance.now();
    await traces.close();
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(receiver.bodies).toHaveLength(1);
    expect(warnings).toEqual(['the collector takes no traces: no good answer']);
  });

  it('that refuses is told by its status, not by what it says', async () => {
    receiver.answers.push(403);
    const traces = await open();
    traces.note(spanOf('run'));
    await traces.close();
    expect(warnings).toEqual(['the collector takes no traces: HTTP 403']);
  });

  it('is not even called where there is nothing to tell, or a run has no proper id', async () => {
    const traces = openTracesWhenUsed({
      variables: process.env,
      answerWithinMs: 1_000,
      closeWithinMs: 1_000,
      warn: (line) => warnings.push(line),
    });
    await traces.close();
    traces.note(spanOf('run', { run: 'run-1' }));
    await traces.close();
    expect(receiver.bodies).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('is left alone where traces are refused, with one line', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
    const traces = await open();
    traces.note(spanOf('run'));
    await traces.close();
    expect(receiver.bodies).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^traces are off: OTEL_EXPORTER_OTLP_PROTOCOL is grpc; next: /)]);
  });
});
