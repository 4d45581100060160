/**
 * Changes that runs which were open before them must not meet half way, by the day on which they came. A run asks
 * `patched(id)`: one that has passed the place already goes on as before, any other records the change in its history.
 *
 * How one leaves again: once no run from before it can be open, `patched` becomes `deprecatePatch` for one release, and the old
 * way goes; then that goes too. `TemporalChangeVersion` finds the runs that have it; CONTRIBUTING tells the steps.
 */
export const patches = {
  /** `SyncPhase` says `waiting` while the source lets a run wait. Remove after 2027-05: no run is open for half a year. */
  phaseOfWaits: '2026-11-28-phase-of-waits',
} as const;
