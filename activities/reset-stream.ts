import type { ActivityDeps } from './deps.ts';

export interface ResetStreamInput {
  readonly stream: string;
  /** Names this reset, so that a retry raises nothing twice. */
  readonly request: string;
  readonly tableRows: 'keep' | 'drop';
}

/** Begins a new generation of a stream: it has to be backfilled again, and what is still running for it is fenced. */
export async function resetStream(
  deps: ActivityDeps,
  input: ResetStreamInput,
  signal: AbortSignal,
): Promise<{ generation: number }> {
  const settings = deps.streamSettings(input.stream);
  const destination = await deps.destination(settings.destination);
  const associationTables = settings.associations.map(({ table }) => table);
  return destination.resetStream({ ...input, table: settings.table, associationTables }, signal);
}
