import type { StagedTombstone } from '../../model/tombstone.ts';
import type { HubSpotRecord } from './record-row.ts';

/** `id;id;id`: records that were merged into this one. Every CRM object has it. */
const mergedIdsProperty = 'hs_merged_object_ids';
/** `id:time;id:time`: the same of contacts, from the time when a merged contact kept one of its ids. */
const mergedVidsProperty = 'hs_calculated_merged_vids';

/** What to ask for of every record, so that none is merged away unnoticed: a merge leaves no other trace of its losers. */
export function mergeProperties(object: string): readonly string[] {
  return object === 'contacts' ? [mergedIdsProperty, mergedVidsProperty] : [mergedIdsProperty];
}

/** Ids that were merged into this record; never its own. */
export function mergedIds({ id, properties }: HubSpotRecord): string[] {
  const listed = `${properties?.[mergedIdsProperty] ?? ''};${properties?.[mergedVidsProperty] ?? ''}`;
  if (listed === ';') return [];
  const ids = listed.split(';').map((entry) => entry.split(':')[0]!.trim());
  return [...new Set(ids)].filter((merged) => /^\d+$/.test(merged) && merged !== String(id));
}

export function mergedTombstones(record: HubSpotRecord, observedAt: string): StagedTombstone[] {
  return mergedIds(record).map((id) => [id, 'merged', null, String(record.id), observedAt]);
}
