import type { SyncMode } from '../model/plan.ts';

/** What a person calls a run of the mode. */
export const runNoun: Readonly<Record<SyncMode, string>> = {
  backfill: 'backfill',
  incremental: 'incremental sync',
  softDelete: 'soft delete',
  reconcile: 'reconciliation',
  resync: 'resync',
};

/** The verb that starts one. */
export const runVerb: Readonly<Record<SyncMode, string>> = {
  backfill: 'backfill',
  incremental: 'sync',
  softDelete: 'soft-delete',
  reconcile: 'reconcile',
  resync: 'resync',
};
