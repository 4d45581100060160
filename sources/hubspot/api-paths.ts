/**
 * HubSpot's two path families. The dated ones are current; v1–v4 lose support between March and September 2027
 * (developers.hubspot.com changelog, "legacy APIs and legacy apps"). Bodies are the same.
 */
export type ApiVersion = '2026-03' | '2026-09' | 'v3';

export const defaultApiVersion: ApiVersion = '2026-03';

/** Paths by an object's name, as it stands in config. */
export interface ApiPaths {
  list(object: string): string;
  batchRead(object: string): string;
  single(object: string, id: string): string;
  search(object: string): string;
  properties(object: string): string;
  /** Associations from records of one object to those of another. */
  associationsRead(from: string, to: string): string;
  pipelines(object: string): string;
  readonly owners: string;
  /** The account's custom objects. */
  readonly schemas: string;
  readonly accountDetails: string;
  readonly dailyUsage: string;
}

/** Type ids (`2-123456`) by object name, for objects that HubSpot's paths do not know by the name that config uses. */
export type TypeIds = ReadonlyMap<string, string>;

export function apiPaths(version: ApiVersion, typeIds: TypeIds = new Map()): ApiPaths {
  const isLegacy = version === 'v3';
  const crm = (family: string): string => (isLegacy ? `/crm/v3/${family}` : `/crm/${family}/${version}`);
  const objects = (object: string): string => `${crm('objects')}/${typeOf(object)}`;
  const associations = isLegacy ? '/crm/v4/associations' : crm('associations');
  const typeOf = (object: string): string => encodeURIComponent(typeIds.get(object) ?? object);
  return {
    list: objects,
    batchRead: (object) => `${objects(object)}/batch/read`,
    single: (object, id) => `${objects(object)}/${encodeURIComponent(id)}`,
    search: (object) => `${objects(object)}/search`,
    properties: (object) => `${crm('properties')}/${typeOf(object)}`,
    associationsRead: (from, to) => `${associations}/${typeOf(from)}/${typeOf(to)}/batch/read`,
    pipelines: (object) => `${crm('pipelines')}/${typeOf(object)}`,
    owners: crm('owners'),
    schemas: isLegacy ? '/crm/v3/schemas' : `/crm-object-schemas/${version}/schemas`,
    accountDetails: `/account-info/${version}/details`,
    dailyUsage: `/account-info/${version}/api-usage/daily/private-apps`,
  };
}
