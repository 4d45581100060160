export type TraceSettings =
  | { readonly kind: 'off' }
  | { readonly kind: 'on' }
  /** Asked for in a way that cannot be followed. */
  | { readonly kind: 'refused'; readonly reason: string };

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Whether to send traces, by OpenTelemetry's own variables: where an OTLP endpoint is named, and nothing else turns them off. A
 * reason names variables, and no value of one: an endpoint may hold a key.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function readTraceSettings(variables: Variables): TraceSettings {
  const [name, endpoint] = firstSet(variables, ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']);
  if (endpoint === '' || valueOf(variables, 'OTEL_SDK_DISABLED') === 'true') return { kind: 'off' };
  if (valueOf(variables, 'OTEL_TRACES_EXPORTER') === 'none') return { kind: 'off' };
  const [protocolName, protocol] = firstSet(variables, [
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
  ]);
  if (protocol === 'grpc') {
    return {
      kind: 'refused',
      reason: `${protocolName} is grpc; next: set http/json, and the HTTP port of the collector`,
    };
  }
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    return { kind: 'refused', reason: `${name} is no http:// or https:// address; next: correct it` };
  }
  return { kind: 'on' };
}

/** The first of these that is set, with its value; an empty variable is as good as none. */
function firstSet(variables: Variables, names: readonly [string, ...string[]]): readonly [name: string, value: string] {
  const name = names.find((candidate) => valueOf(variables, candidate) !== '') ?? names[0];
  return [name, valueOf(variables, name)];
}

function valueOf(variables: Variables, name: string): string {
  return (variables[name] ?? '').trim();
}
