import type { Scope, SyncMode } from './plan.ts';

/** What of a run's result tells how far it brought its table; the results of all modes have this form. */
export interface ReadExtent {
  readonly mode: SyncMode;
  readonly scope: Scope;
  /** Of an incremental run. */
  readonly outcome?: 'idle' | 'changed' | 'staged' | 'needsBackfill' | 'fullSync';
  /** Of the full sync that an incremental run made instead; null where another one was running. */
  readonly full?: object | null;
  /** Of a run that compares; null where it was left out. */
  readonly vanished?: { readonly approval: string } | null;
}

/** Whether the table now has what the source had when the run began. Part of a stream, or its bin alone, does not count. */
export function bringsUpToDate({ mode, scope, outcome, full, vanished }: ReadExtent): boolean {
  switch (mode) {
    case 'incremental':
      return outcome === 'fullSync' ? full !== null : outcome === 'idle' || outcome === 'changed';
    case 'backfill':
      return scope === 'whole';
    case 'reconcile':
      // One that was not approved in time may have repaired nothing.
      return vanished != null && vanished.approval !== 'lapsed';
    case 'softDelete':
    case 'resync':
      return false;
    default:
      return mode satisfies never;
  }
}
