import type { ObjectType } from './object-types.ts';
import { parseObjectType } from './object-types.ts';

/** Where each version of the API keeps its routes. */
const families = [
  { objects: '/crm/objects/2026-03/', properties: '/crm/properties/2026-03/', account: '/account-info/2026-03/' },
  { objects: '/crm/objects/2026-09/', properties: '/crm/properties/2026-09/', account: '/account-info/2026-09/' },
  { objects: '/crm/v3/objects/', properties: '/crm/v3/properties/', account: '/account-info/v3/' },
] as const;

export type Route =
  | { readonly kind: 'list'; readonly type: ObjectType }
  | { readonly kind: 'single'; readonly type: ObjectType; readonly id: string }
  | { readonly kind: 'batchRead'; readonly type: ObjectType }
  | { readonly kind: 'search'; readonly type: ObjectType }
  | { readonly kind: 'properties'; readonly type: ObjectType }
  | { readonly kind: 'accountDetails' }
  | { readonly kind: 'apiUsage' };

export type RouteKind = Route['kind'];

/** The route of a request, or null where there is none. `path` is without its query. */
export function parseRoute(method: string, path: string): Route | null {
  for (const family of families) {
    if (path.startsWith(family.objects)) return objectRoute(method, path.slice(family.objects.length));
    if (path.startsWith(family.properties)) return propertiesRoute(method, path.slice(family.properties.length));
    if (path.startsWith(family.account)) return accountRoute(method, path.slice(family.account.length));
  }
  return null;
}

function objectRoute(method: string, rest: string): Route | null {
  const [typeName = '', ...steps] = rest.split('/');
  const type = parseObjectType(typeName);
  if (type === undefined) return null;
  const action = steps.join('/');
  if (method === 'POST' && action === 'batch/read') return { kind: 'batchRead', type };
  if (method === 'POST' && action === 'search') return { kind: 'search', type };
  if (method !== 'GET') return null;
  if (action === '') return { kind: 'list', type };
  return steps.length === 1 ? { kind: 'single', type, id: action } : null;
}

function propertiesRoute(method: string, typeName: string): Route | null {
  const type = parseObjectType(typeName);
  return method === 'GET' && type !== undefined ? { kind: 'properties', type } : null;
}

function accountRoute(method: string, rest: string): Route | null {
  if (method !== 'GET') return null;
  if (rest === 'details') return { kind: 'accountDetails' };
  return rest === 'api-usage/daily/private-apps' ? { kind: 'apiUsage' } : null;
}
