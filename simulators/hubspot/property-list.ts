import type { Answer } from './answers.ts';
import { json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import type { ObjectType } from './object-types.ts';
import type { PropertySpec } from './property.ts';
import { labelOf } from './property.ts';

const unchangedSince = '2024-01-01T00:00:00.000Z';

/** `GET {properties}/{type}`: the whole catalogue, without paging; none are archived. */
export function listProperties({ portal, query }: ApiRequest, type: ObjectType): Answer {
  const specs = query.get('archived') === 'true' ? [] : portal.data(type).catalogue.properties;
  return json(200, { results: specs.map((spec, i) => propertyDescription(spec, i)) });
}

export function propertyDescription(spec: PropertySpec, displayOrder: number): Record<string, unknown> {
  return {
    updatedAt: unchangedSince,
    createdAt: unchangedSince,
    name: spec.name,
    label: spec.label,
    type: spec.type,
    fieldType: spec.fieldType,
    description: '',
    groupName: 'information',
    options: spec.options.map((value, order) => ({
      label: labelOf(value.toLowerCase()),
      value,
      displayOrder: order,
      hidden: false,
    })),
    displayOrder,
    calculated: spec.isCalculated,
    externalOptions: false,
    archived: false,
    hasUniqueValue: spec.name === 'hs_object_id',
    hidden: false,
    hubspotDefined: true,
    modificationMetadata: { archivable: false, readOnlyDefinition: true, readOnlyValue: spec.isCalculated },
    formField: false,
    dataSensitivity: 'non_sensitive',
  };
}
