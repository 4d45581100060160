import type { ObjectDescription } from '../../model/source.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { fixedPath } from './fixed-list.ts';
import { fixedVersionProperty } from './fixed-object.ts';
import type { HubSpotObject } from './object-directory.ts';
import { parseCatalogue } from './property-catalogue.ts';

/** By one request, which also shows that the object may be read and tells the source's time. */
export async function describeObject(
  { api, paths, meter }: { api: HubSpotApi; paths: ApiPaths; meter: RequestMeter },
  object: HubSpotObject,
  signal: AbortSignal,
): Promise<ObjectDescription> {
  const path = object.kind === 'crm' ? paths.properties(object.name) : fixedPath(paths, object.name);
  const { json, serverDate, observedAt } = await api.call({ method: 'GET', path, bucket: 'burst', signal }, meter);
  const sourceNow = serverDate ?? observedAt;
  if (object.kind === 'fixed') {
    return {
      object: object.name,
      keyType: object.keyType,
      versionProperty: fixedVersionProperty,
      properties: object.properties,
      can: { searchChanges: false, searchCreated: false, listArchived: object.canListArchived, associate: false },
      sourceNow,
    };
  }
  return {
    object: object.name,
    keyType: 'integer',
    versionProperty: object.modifiedProperty,
    properties: parseCatalogue(json, object.name),
    can: { searchChanges: true, searchCreated: true, listArchived: true, associate: true },
    sourceNow,
  };
}
