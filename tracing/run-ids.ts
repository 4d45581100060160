export interface RunIds {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Of the span that stands for the whole run; 16 hex digits. */
  readonly spanId: string;
}

/**
 * A run's trace has the run's own id, a UUID without its dashes. So whoever knows the run, a command that steers it or the worker
 * that has one of its steps, knows its trace as well, and nothing has to be handed on through workflows. Null for what is no UUID.
 */
export function runIds(run: string): RunIds | null {
  const traceId = run.replaceAll('-', '').toLowerCase();
  const spanId = traceId.slice(16);
  return /^[0-9a-f]{32}$/.test(traceId) && !/^0+$/.test(spanId) ? { traceId, spanId } : null;
}
