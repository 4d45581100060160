import type { LedgerHead } from '../model/batch.ts';
import type { SyncMode } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';

export interface BeginVanishedInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  readonly generation: number;
  readonly sequence: number;
  readonly predecessor: string | null;
  /** Of the vanished ids, as they were compared and, where need be, approved. */
  readonly digest: string;
}

/** Makes the vanished ids the run's next work: each is looked for once more, and flagged if it is still nowhere. */
export async function beginVanished(
  deps: ActivityDeps,
  input: BeginVanishedInput,
  signal: AbortSignal,
): Promise<LedgerHead> {
  const settings = deps.streamSettings(input.stream);
  const destination = await deps.destination(settings.destination);
  return destination.beginVanished({ ...input, table: settings.table }, signal);
}
