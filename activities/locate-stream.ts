import type { ActivityDeps } from './deps.ts';

export interface StreamPlace {
  /** Queue of the process that holds the stream's destination; null where any worker may open it. */
  readonly taskQueue: string | null;
}

/** Where a stream's activities have to run (rule 15 of docs/spec.md). Opens nothing. Throws `ConfigInvalid` for an unknown stream. */
export async function locateStream(deps: ActivityDeps, { stream }: { stream: string }): Promise<StreamPlace> {
  const destination = await deps.destination(deps.streamSettings(stream).destination);
  return { taskQueue: destination.ownerQueue };
}
