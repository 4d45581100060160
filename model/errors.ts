/**
 * Why a step failed, and so what happens next. The first three are worth another attempt;
 * the others stop the run, because a repeat would fail the same way or do harm.
 */
export type FailureKind =
  | 'RateLimited'
  | 'Unavailable'
  | 'Conflict'
  | 'ConfigInvalid'
  | 'AuthRejected'
  | 'SchemaConflict'
  | 'DataRejected'
  | 'StateCorrupt'
  | 'Fenced';

const retryableKinds: ReadonlySet<FailureKind> = new Set(['RateLimited', 'Unavailable', 'Conflict']);

export interface SyncErrorOptions {
  /** What the user does about it: one imperative clause. */
  next?: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * The one error that connectors, config and activities raise. `message` says what and where, and never holds a record's
 * value or a secret: it is copied into workflow history.
 */
export class SyncError extends Error {
  readonly kind: FailureKind;
  readonly next: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, options: SyncErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'SyncError';
    this.kind = kind;
    this.next = options.next;
    this.retryAfterMs = options.retryAfterMs;
  }

  get isRetryable(): boolean {
    return retryableKinds.has(this.kind);
  }
}

/** Why nothing moves, and until when. */
export interface WaitReason {
  readonly reason: string;
  /** ISO instant; null where the end is not known. */
  readonly until: string | null;
}

/** A wait too long for an activity: it belongs to the workflow's durable timer (rule 13 of docs/spec.md). */
export class LongWait extends SyncError {
  readonly wait: WaitReason;

  constructor(wait: WaitReason) {
    super('RateLimited', wait.reason);
    this.wait = wait;
  }
}

/** The text a person reads: what and where, then what to do. */
export function describeError(error: { message: string; next?: string | undefined }): string {
  return error.next === undefined ? error.message : `${error.message}${nextMark}${error.next}`;
}

const nextMark = '; next: ';

/** Undoes `describeError`: a failure crosses Temporal as one text. */
export function parseErrorText(text: string): { message: string; next: string | null } {
  const at = text.indexOf(nextMark);
  return at === -1
    ? { message: text, next: null }
    : { message: text.slice(0, at), next: text.slice(at + nextMark.length) };
}
