/** An object with a catalogue of properties of its own, which list, search and batch read serve. */
export interface CrmObject {
  readonly kind: 'crm';
  /** As config may call it. */
  readonly name: string;
  /** `2-123456`; null where HubSpot's paths know the name. */
  readonly typeId: string | null;
  readonly modifiedProperty: string;
  readonly createdProperty: string;
}

/**
 * Contacts alone keep their modification time in `lastmodifieddate`; filtering them by the other name is no error at
 * HubSpot, it just finds nothing.
 */
const contacts: CrmObject = {
  kind: 'crm',
  name: 'contacts',
  typeId: null,
  modifiedProperty: 'lastmodifieddate',
  createdProperty: 'createdate',
};

const records = ['companies', 'deals', 'tickets', 'line_items', 'products'].map((name): CrmObject => ({
  ...contacts,
  name,
  modifiedProperty: 'hs_lastmodifieddate',
}));

/** Activities and custom objects have other names for both. */
const ownTimes = { modifiedProperty: 'hs_lastmodifieddate', createdProperty: 'hs_createdate' } as const;

const activities = ['calls', 'emails', 'meetings', 'notes', 'tasks'].map((name): CrmObject => ({
  kind: 'crm',
  name,
  typeId: null,
  ...ownTimes,
}));

/** The objects of every account. */
export const standardObjects: readonly CrmObject[] = [contacts, ...records, ...activities];

export function customObject(name: string, typeId: string): CrmObject {
  return { kind: 'crm', name, typeId, ...ownTimes };
}
