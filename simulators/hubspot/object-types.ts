export const objectTypes = [
  'contacts',
  'companies',
  'deals',
  'tickets',
  'line_items',
  'products',
  'calls',
  'emails',
  'meetings',
  'notes',
  'tasks',
] as const;

export type ObjectType = (typeof objectTypes)[number];

/** HubSpot's numeric type ids, usable in place of the names in every path. */
export const typeIds: Readonly<Record<ObjectType, string>> = {
  contacts: '0-1',
  companies: '0-2',
  deals: '0-3',
  tickets: '0-5',
  line_items: '0-8',
  products: '0-7',
  calls: '0-48',
  emails: '0-49',
  meetings: '0-47',
  notes: '0-46',
  tasks: '0-27',
};

const typesByPathName: ReadonlyMap<string, ObjectType> = new Map(
  objectTypes.flatMap((type) => [
    [type, type],
    [typeIds[type], type],
  ]),
);

export function parseObjectType(pathName: string): ObjectType | undefined {
  return typesByPathName.get(pathName);
}

/** The property that equals the envelope's `updatedAt`: contacts alone have their own name for it. */
export function modifiedProperty(type: ObjectType): string {
  return type === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
}

export function createdProperty(type: ObjectType): string {
  return isActivity(type) ? 'hs_createdate' : 'createdate';
}

function isActivity(type: ObjectType): boolean {
  return type === 'calls' || type === 'emails' || type === 'meetings' || type === 'notes' || type === 'tasks';
}

const extraDefaults: Readonly<Partial<Record<ObjectType, readonly string[]>>> = {
  contacts: ['email', 'firstname', 'lastname'],
  companies: ['domain', 'name'],
  deals: ['amount', 'closedate', 'dealname', 'dealstage', 'pipeline'],
  tickets: ['content', 'hs_pipeline', 'hs_pipeline_stage', 'hs_ticket_category', 'hs_ticket_priority', 'subject'],
  line_items: ['hs_product_id', 'quantity'],
  products: ['description', 'name', 'price'],
};

/** What a read returns when it asks for no property. */
export function defaultProperties(type: ObjectType): readonly string[] {
  return [createdProperty(type), 'hs_object_id', modifiedProperty(type), ...(extraDefaults[type] ?? [])];
}
