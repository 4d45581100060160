import type { Answer } from './answers.ts';
import { json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import type { CustomType } from './object-types.ts';
import { customTypes, fullyQualifiedName, typeIds } from './object-types.ts';
import { labelOf } from './property.ts';
import { propertyDescription } from './property-list.ts';

const since = '2024-01-01T00:00:00.000Z';

/** `GET {schemas}/schemas`: the objects the account defined itself; none are archived. */
export function listSchemas(request: ApiRequest): Answer {
  const types = request.query.get('archived') === 'true' ? [] : customTypes;
  return json(200, { results: types.map((type) => schema(request, type)) });
}

function schema({ portal, portalId }: ApiRequest, type: CustomType): Record<string, unknown> {
  const { properties } = portal.data(type).catalogue;
  return {
    id: typeIds[type].slice('2-'.length),
    objectTypeId: typeIds[type],
    name: type,
    fullyQualifiedName: fullyQualifiedName(type, portalId),
    labels: { singular: labelOf(type).replace(/s$/, ''), plural: labelOf(type) },
    primaryDisplayProperty: 'vin',
    secondaryDisplayProperties: ['model'],
    requiredProperties: ['vin'],
    searchableProperties: ['vin', 'model'],
    properties: properties.map((spec, i) => propertyDescription(spec, i)),
    associations: [],
    metaType: 'PORTAL_SPECIFIC',
    createdAt: since,
    updatedAt: since,
    archived: false,
  };
}
