import type { ColumnType } from '../../model/column.ts';
import type { PropertyDescription } from '../../model/source.ts';

/** A small object that HubSpot hands out whole, with the same fields in every account. */
export interface FixedObject {
  readonly kind: 'fixed';
  readonly name: FixedObjectName;
  readonly keyType: ColumnType;
  readonly properties: readonly PropertyDescription[];
  readonly canListArchived: boolean;
}

export type FixedObjectName =
  'owners' | 'deal_pipelines' | 'ticket_pipelines' | 'deal_pipeline_stages' | 'ticket_pipeline_stages';

/** Carries the version of every fixed object. */
export const fixedVersionProperty = 'updatedAt';

/** Names as HubSpot's JSON has them; what is no plain value there is JSON text here. */
const ownerFields: Readonly<Record<string, ColumnType>> = {
  archived: 'boolean',
  createdAt: 'timestamp',
  email: 'text',
  firstName: 'text',
  lastName: 'text',
  teams: 'text',
  type: 'text',
  updatedAt: 'timestamp',
  userId: 'integer',
};

const pipelineFields: Readonly<Record<string, ColumnType>> = {
  archived: 'boolean',
  createdAt: 'timestamp',
  displayOrder: 'integer',
  label: 'text',
  updatedAt: 'timestamp',
};

const stageFields: Readonly<Record<string, ColumnType>> = { ...pipelineFields, metadata: 'text', pipelineId: 'text' };

const pipelines = { keyType: 'text', canListArchived: false } as const;

export const fixedObjects: readonly FixedObject[] = [
  fixedObject('owners', { keyType: 'integer', canListArchived: true, fields: ownerFields }),
  fixedObject('deal_pipelines', { ...pipelines, fields: pipelineFields }),
  fixedObject('deal_pipeline_stages', { ...pipelines, fields: stageFields }),
  fixedObject('ticket_pipelines', { ...pipelines, fields: pipelineFields }),
  fixedObject('ticket_pipeline_stages', { ...pipelines, fields: stageFields }),
];

function fixedObject(
  name: FixedObjectName,
  {
    fields,
    ...rest
  }: Pick<FixedObject, 'keyType' | 'canListArchived'> & { fields: Readonly<Record<string, ColumnType>> },
): FixedObject {
  const properties = Object.entries(fields)
    .map(([field, type]) => ({ name: field, label: field, sourceType: type, type, isCalculated: false }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { kind: 'fixed', name, ...rest, properties };
}
