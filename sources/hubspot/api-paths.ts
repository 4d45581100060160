/**
 * HubSpot's two path families. The dated ones are current; v1–v4 lose support between March and September 2027
 * (developers.hubspot.com changelog, "legacy APIs and legacy apps"). Bodies are the same.
 */
export type ApiVersion = '2026-03' | '2026-09' | 'v3';

export const defaultApiVersion: ApiVersion = '2026-03';

export interface ApiPaths {
  list(object: string): string;
  batchRead(object: string): string;
  search(object: string): string;
  properties(object: string): string;
  readonly accountDetails: string;
  readonly dailyUsage: string;
}

export function apiPaths(version: ApiVersion): ApiPaths {
  const objects = version === 'v3' ? '/crm/v3/objects' : `/crm/objects/${version}`;
  const properties = version === 'v3' ? '/crm/v3/properties' : `/crm/properties/${version}`;
  return {
    list: (object) => `${objects}/${object}`,
    batchRead: (object) => `${objects}/${object}/batch/read`,
    search: (object) => `${objects}/${object}/search`,
    properties: (object) => `${properties}/${object}`,
    accountDetails: `/account-info/${version}/details`,
    dailyUsage: `/account-info/${version}/api-usage/daily/private-apps`,
  };
}
