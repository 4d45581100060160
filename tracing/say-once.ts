import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

/** An exporter that says when spans begin to be lost, and again only after some were taken meanwhile. */
export function sayOnce(exporter: SpanExporter, warn: (reason: string) => void): SpanExporter {
  let isLosing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const isLost = result.error !== undefined || result.code !== 0;
        if (isLost && !isLosing) warn(`the collector takes no traces: ${reasonOf(result.error)}`);
        isLosing = isLost;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** A code of the system, or of HTTP: the text may hold the address, which may hold a key, or what a server said. */
function reasonOf(error: Error | undefined): string {
  const { code } = (error ?? {}) as { readonly code?: string | number };
  if (typeof code === 'number') return `HTTP ${code}`;
  return code ?? 'no good answer';
}
