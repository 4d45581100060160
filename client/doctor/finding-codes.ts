/** What the doctor looks at, in the order of its report: from the nearest to the farthest. */
export const doctorGroups = ['config', 'temporal', 'runs', 'schedules', 'streams', 'destinations', 'sources'] as const;

export type DoctorGroup = (typeof doctorGroups)[number];

/** Every finding by its code, with the group it is shown in. Stable: scripts may ask for them; docs/doctor.md explains each. */
export const findingCodes = {
  'node-version': 'config',
  'config-file': 'config',
  'config-variables': 'config',
  'stage-folder': 'config',
  'disk-space': 'config',
  'temporal-server': 'temporal',
  'namespace-retention': 'temporal',
  'search-attributes': 'temporal',
  'no-poller': 'temporal',
  'clock-skew': 'temporal',
  'wedged-run': 'runs',
  'failing-step': 'runs',
  'long-run': 'runs',
  'waiting-approval': 'runs',
  'paused-run': 'runs',
  'failed-run': 'runs',
  'schedule-missing': 'schedules',
  'schedule-extra': 'schedules',
  'schedule-foreign': 'schedules',
  'schedule-drift': 'schedules',
  'schedule-paused': 'schedules',
  'schedule-skips': 'schedules',
  'needs-backfill': 'streams',
  'stale-stream': 'streams',
  'destination-check': 'destinations',
  'owner-queue': 'destinations',
  'dead-run-row': 'destinations',
  'stage-leftover': 'destinations',
  'source-check': 'sources',
  'daily-quota': 'sources',
  'source-clock': 'sources',
  'not-looked-at': null,
} as const satisfies Record<string, DoctorGroup | null>;

export type FindingCode = keyof typeof findingCodes;
