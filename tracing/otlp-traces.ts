/** The only file that loads OpenTelemetry: import it lazily. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  RandomIdGenerator,
  type IdGenerator,
} from '@opentelemetry/sdk-trace-base';
import { runIds, type RunIds } from './run-ids.ts';
import type { RunSpan, RunTraces, TraceDelivery } from './run-span.ts';
import { sayOnce } from './say-once.ts';

const { version } = createRequire(import.meta.url)('#manifest') as { version: string };

/** Sends spans to an OTLP collector over HTTP, in batches, beside everything else. */
export class OtlpTraces implements RunTraces {
  readonly #ids = new RunIdGenerator();
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #closeWithinMs: number;

  constructor({ answerWithinMs, closeWithinMs, warn }: TraceDelivery) {
    const { OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT } = process.env;
    const hasTimeout = Boolean(OTEL_EXPORTER_OTLP_TRACES_TIMEOUT || OTEL_EXPORTER_OTLP_TIMEOUT);
    const exporter = new OTLPTraceExporter(hasTimeout ? {} : { timeoutMillis: answerWithinMs });
    this.#provider = new BasicTracerProvider({
      idGenerator: this.#ids,
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': 'sluice', 'service.version': version }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(sayOnce(exporter, warn))],
    });
    this.#tracer = this.#provider.getTracer('sluice', version);
    this.#closeWithinMs = closeWithinMs;
  }

  note(noted: RunSpan): void {
    const ids = runIds(noted.run);
    if (ids === null) return;
    const { name, startedAtMs: startTime } = noted;
    const attributes = attributesOf(noted);
    const span =
      noted.kind === 'run'
        ? this.#ids.use(ids, () => this.#tracer.startSpan(name, { root: true, startTime, attributes }, ROOT_CONTEXT))
        : this.#tracer.startSpan(name, { kind: kindOf(noted), startTime, attributes }, this.#inRun(ids));
    if (noted.outcome.kind === 'failed') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: noted.outcome.failure });
    }
    span.end(noted.endedAtMs);
  }

  async close(): Promise<void> {
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([sent, delay(this.#closeWithinMs, undefined, { ref: false })]);
  }

  /**
   * The run's own span ends last and elsewhere, so its parts are put below one like it, which is never sent; the sampler decides
   * on it as on the real one.
   */
  #inRun(ids: RunIds) {
    const run = this.#ids.use(ids, () => this.#tracer.startSpan('run', { root: true }, ROOT_CONTEXT));
    return trace.setSpan(ROOT_CONTEXT, run);
  }
}

function kindOf({ kind }: RunSpan): SpanKind {
  return kind === 'command' ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

function attributesOf({ run, stream, mode, workflowId, outcome, facts }: RunSpan): Attributes {
  return {
    ...Object.fromEntries(Object.entries(facts).map(([name, value]) => [`sluice.${name}`, value])),
    'sluice.pipeline': stream.split('.', 1)[0]!,
    'sluice.stream': stream,
    'sluice.mode': mode,
    'sluice.run': run,
    'sluice.workflow': workflowId,
    ...(outcome.kind === 'ok' ? {} : { 'error.type': outcome.failure }),
  };
}

/** Random ids, but for those of a run. */
class RunIdGenerator implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: RunIds | null = null;

  use<T>(ids: RunIds, start: () => T): T {
    this.#given = ids;
    try {
      return start();
    } finally {
      this.#given = null;
    }
  }

  readonly generateTraceId = (): string => this.#given?.traceId ?? this.#random.generateTraceId();
  readonly generateSpanId = (): string => this.#given?.spanId ?? this.#random.generateSpanId();
}
