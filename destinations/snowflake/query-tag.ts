import type { SyncMode } from '../../model/plan.ts';

/** What a session is used for; all of it may be unknown, as for a check. */
export interface Purpose {
  /** `pipeline.stream`. */
  readonly stream?: string;
  readonly run?: string;
  readonly mode?: SyncMode;
}

/** Of every statement, so that credits can be told apart in the query history. Snowflake takes at most 2,000 characters. */
export function queryTag({ stream, run, mode }: Purpose): string {
  const [pipeline, ...rest] = stream?.split('.') ?? [];
  return JSON.stringify({
    app: 'sluice',
    pipeline,
    stream: stream === undefined ? undefined : rest.join('.'),
    mode,
    run,
  });
}
