import type { SyncMode } from '../model/plan.ts';

/** What came of something, and which way it did not go well: a failure's kind, never its text. */
export type SpanOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly failure: string }
  /** Neither: it was cancelled, or is tried again as is usual. */
  | { readonly kind: 'interrupted'; readonly failure: string };

/** A run, or something that was done in or to one, once it is over. */
export interface RunSpan {
  /** `what:of`, as in the spans of Temporal's SDKs: `RunActivity:mergeChunk`. */
  readonly name: string;
  /** `run` is the run itself, `step` a part of it that a worker did, `command` what somebody asked Temporal to do. */
  readonly kind: 'run' | 'step' | 'command';
  /** Names the run: the run id of its first execution. */
  readonly run: string;
  /** `pipeline.stream`. */
  readonly stream: string;
  readonly mode: SyncMode;
  readonly workflowId: string;
  /** Epoch, ms. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly outcome: SpanOutcome;
  /** Further facts by name, as `attempt`: counts and names, never a record's value. */
  readonly facts: Readonly<Record<string, number | string>>;
}

/** Takes spans; what cannot be delivered is lost, and nobody waits or fails by it. */
export interface RunTraces {
  note(span: RunSpan): void;
  /** Sends what waits, within a few seconds, or gives it up. */
  close(): Promise<void>;
}

export const noTraces: RunTraces = { note: () => undefined, close: async () => undefined };

export interface TraceDelivery {
  /** How long an answer of the collector is waited for, unless a variable says so. */
  readonly answerWithinMs: number;
  /** How long `close` may take. */
  readonly closeWithinMs: number;
  /** Takes one line when the collector stops taking spans, and one if traces cannot be sent at all. */
  readonly warn: (reason: string) => void;
}
