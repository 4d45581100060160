import type { SyncMode } from './plan.ts';

/**
 * What a request is sent for. `interactive` is what somebody or a schedule of minutes waits for; `bulk` is what reads much and may
 * take its time. They share a budget: see `decideTake`.
 */
export type Traffic = 'interactive' | 'bulk';

export function trafficOf(mode: SyncMode): Traffic {
  return mode === 'incremental' || mode === 'resync' ? 'interactive' : 'bulk';
}
