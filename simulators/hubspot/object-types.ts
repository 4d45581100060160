const standardTypes = [
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

/** Objects the account defined itself. */
export const customTypes = ['cars'] as const;

export const objectTypes = [...standardTypes, ...customTypes] as const;

export type CustomType = (typeof customTypes)[number];
export type ObjectType = (typeof objectTypes)[number];

/** HubSpot's type ids, usable in place of the names in every path. */
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
  cars: '2-1001',
};

const typesByPathName: ReadonlyMap<string, ObjectType> = new Map(
  objectTypes.flatMap((type) => [
    [type, type],
    [typeIds[type], type],
  ]),
);

/** Two object types, the first with `>` and the second. */
export type TypePair = `${ObjectType}>${ObjectType}`;

export function isTypePair(text: string): text is TypePair {
  const types = text.split('>');
  return types.length === 2 && types.every((name) => objectTypes.some((type) => type === name));
}

/** `p4711001_cars`: a custom object's name, unique among all accounts. */
export function fullyQualifiedName(type: CustomType, portalId: number): string {
  return `p${portalId}_${type}`;
}

/** The type a path names: by its name, by its id, or, if custom, by its fully qualified name in this account. */
export function parseObjectType(pathName: string, portalId: number): ObjectType | undefined {
  const known = typesByPathName.get(pathName);
  return known ?? customTypes.find((type) => fullyQualifiedName(type, portalId) === pathName);
}

/** The property that equals the envelope's `updatedAt`: contacts alone have their own name for it. */
export function modifiedProperty(type: ObjectType): string {
  return type === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
}

const typesWithCreatedate: ReadonlySet<ObjectType> = new Set([
  'contacts',
  'companies',
  'deals',
  'tickets',
  'line_items',
  'products',
]);

export function createdProperty(type: ObjectType): string {
  return typesWithCreatedate.has(type) ? 'createdate' : 'hs_createdate';
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
