import { PostReceiver } from './post-receiver.ts';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null for a root. */
  readonly parentSpanId: string | null;
  readonly durationMs: number;
  /** By name; whole numbers as numbers. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 is unset, 2 an error. */
  readonly status: { readonly code: number; readonly message?: string };
  readonly service: unknown;
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface OtlpSpan extends Pick<ReceivedSpan, 'name' | 'traceId' | 'spanId' | 'status'> {
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
}

/** Takes traces as a collector would: OTLP over HTTP, in JSON. */
export class OtlpReceiver extends PostReceiver {
  /** What a `.env` has to say for traces to come here. */
  get dotEnv(): string {
    return `OTEL_EXPORTER_OTLP_ENDPOINT=${this.url}\n`;
  }

  /** `<name> of <mode> in <run's trace>`, each once and in order of the alphabet. */
  get asked(): string[] {
    const asked = this.spans.map(
      ({ name, attributes, traceId }) => `${name} of ${String(attributes['sluice.mode'])} in ${traceId}`,
    );
    return [...new Set(asked)].sort();
  }

  get spans(): ReceivedSpan[] {
    return this.bodies.flatMap((body) =>
      (JSON.parse(body) as OtlpRequest).resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans.map((span) => received(span, resource.attributes))),
      ),
    );
  }
}

function received(
  { name, traceId, spanId, parentSpanId, status, attributes, ...times }: OtlpSpan,
  resource: readonly OtlpAttribute[],
): ReceivedSpan {
  const durationMs = Number(BigInt(times.endTimeUnixNano) - BigInt(times.startTimeUnixNano)) / 1e6;
  return {
    name,
    traceId,
    spanId,
    parentSpanId: parentSpanId || null,
    durationMs,
    attributes: valuesOf(attributes),
    status,
    service: valuesOf(resource)['service.name'],
  };
}

function valuesOf(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? Number(intValue)]),
  );
}
