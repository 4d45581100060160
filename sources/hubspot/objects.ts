import { SyncError } from '../../model/errors.ts';

/**
 * CRM objects that this source reads. Contacts alone keep their modification time in `lastmodifieddate`; filtering them
 * by the other name is no error at HubSpot, it just finds nothing.
 */
const modifiedProperty = {
  contacts: 'lastmodifieddate',
  companies: 'hs_lastmodifieddate',
  deals: 'hs_lastmodifieddate',
  tickets: 'hs_lastmodifieddate',
  line_items: 'hs_lastmodifieddate',
  products: 'hs_lastmodifieddate',
  calls: 'hs_lastmodifieddate',
  emails: 'hs_lastmodifieddate',
  meetings: 'hs_lastmodifieddate',
  notes: 'hs_lastmodifieddate',
  tasks: 'hs_lastmodifieddate',
} as const;

export type HubSpotObject = keyof typeof modifiedProperty;

export const hubSpotObjects = Object.keys(modifiedProperty) as HubSpotObject[];

export function parseHubSpotObject(name: string): HubSpotObject {
  if (Object.hasOwn(modifiedProperty, name)) return name as HubSpotObject;
  throw new SyncError('ConfigInvalid', `HubSpot has no object "${name}" that Sluice can read`, {
    next: `use one of ${hubSpotObjects.join(', ')}`,
  });
}

export function modifiedPropertyOf(object: HubSpotObject): string {
  return modifiedProperty[object];
}
