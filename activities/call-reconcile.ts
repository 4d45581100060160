import { countFits } from '../model/count-check.ts';
import type { ActivityDeps } from './deps.ts';

export interface CallReconcileInput {
  readonly stream: string;
  /** Records that the source counts; null to have all compared, whatever the counts are. */
  readonly records: number | null;
}

export interface CallReconcileResult {
  /** `fits`: counted again, the rows differ no more. */
  readonly kind: 'called' | 'alreadyRunning' | 'paused' | 'fits';
  readonly liveRows: number | null;
}

/**
 * Calls a reconciliation: of a table that was adopted, or for a count that has not fitted for long. For that one it first counts
 * the rows, which other runs may have mended.
 */
export async function callReconcile(
  deps: ActivityDeps,
  { stream, records }: CallReconcileInput,
  signal: AbortSignal,
): Promise<CallReconcileResult> {
  if (records === null)
    return { kind: await deps.callReconcile(stream, 'of a table that was adopted'), liveRows: null };
  const settings = deps.streamSettings(stream);
  const destination = await deps.destination(settings.destination);
  const { liveRows } = await destination.readState({ stream, table: settings.table }, signal);
  if (liveRows !== null && countFits({ records, liveRows })) return { kind: 'fits', liveRows };
  return { kind: await deps.callReconcile(stream, 'since counts do not fit'), liveRows };
}
