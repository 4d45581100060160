import { noTraces, type RunTraces, type TraceDelivery } from './run-span.ts';
import { readTraceSettings } from './trace-settings.ts';

export interface TracesRequest extends TraceDelivery {
  /** The process environment over the `.env` beside the config. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Where traces are off, none of OpenTelemetry is loaded. */
export async function openTraces(request: TracesRequest): Promise<RunTraces> {
  const settings = readTraceSettings(request.variables);
  if (settings.kind === 'refused') request.warn(`traces are off: ${settings.reason}`);
  if (settings.kind !== 'on') return noTraces;
  provideVariables(request.variables);
  const { OtlpTraces } = await import('./otlp-traces.ts');
  return new OtlpTraces(request);
}

/** The same, opened by the first span: most commands have none. */
export function openTracesWhenUsed(request: TracesRequest): RunTraces {
  let opened: Promise<RunTraces> | null = null;
  return {
    note: (span) => {
      opened ??= openTraces(request);
      void opened.then((traces) => traces.note(span));
    },
    close: async () => (await opened)?.close(),
  };
}

/** OpenTelemetry looks for its variables in the process's environment only, and knows no `.env`. */
function provideVariables(variables: TracesRequest['variables']): void {
  for (const [name, value] of Object.entries(variables)) {
    if (name.startsWith('OTEL_') && value !== undefined) process.env[name] ??= value;
  }
}
