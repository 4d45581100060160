/** Modes that run by a schedule. */
export const scheduledModes = ['incremental', 'softDelete', 'reconcile'] as const;

export type ScheduledMode = (typeof scheduledModes)[number];
