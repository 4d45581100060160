import type { ObjectType } from './object-types.ts';
import { parseObjectType } from './object-types.ts';

export type Route =
  | { readonly kind: 'list'; readonly type: ObjectType }
  | { readonly kind: 'single'; readonly type: ObjectType; readonly id: string }
  | { readonly kind: 'batchRead'; readonly type: ObjectType }
  | { readonly kind: 'search'; readonly type: ObjectType }
  | { readonly kind: 'properties'; readonly type: ObjectType }
  | { readonly kind: 'associations'; readonly type: ObjectType; readonly to: ObjectType }
  | { readonly kind: 'pipelines'; readonly type: ObjectType }
  | { readonly kind: 'owners' }
  | { readonly kind: 'schemas' }
  | { readonly kind: 'accountDetails' }
  | { readonly kind: 'apiUsage' };

export type RouteKind = Route['kind'];

/** A request without the part of its path that names the family. */
interface Rest {
  readonly method: string;
  readonly steps: readonly string[];
  readonly parseType: (pathName: string | undefined) => ObjectType | undefined;
}

type Family = (rest: Rest) => Route | null;

/** By the first part of the path: the dated families, and the numbered ones before them. */
const families: readonly (readonly [prefix: string, family: Family])[] = [
  ...['2026-03', '2026-09'].flatMap((version): [string, Family][] => [
    [`/crm/objects/${version}`, objectRoute],
    [`/crm/properties/${version}`, propertiesRoute],
    [`/crm/associations/${version}`, associationsRoute],
    [`/crm/owners/${version}`, ownersRoute],
    [`/crm/pipelines/${version}`, pipelinesRoute],
    [`/crm-object-schemas/${version}`, schemasRoute],
    [`/account-info/${version}`, accountRoute],
  ]),
  ['/crm/v3/objects', objectRoute],
  ['/crm/v3/properties', propertiesRoute],
  ['/crm/v4/associations', associationsRoute],
  ['/crm/v3/owners', ownersRoute],
  ['/crm/v3/pipelines', pipelinesRoute],
  ['/crm-object-schemas/v3', schemasRoute],
  ['/crm/v3', schemasRoute],
  ['/account-info/v3', accountRoute],
];

/** The route of a request to the account `portalId`, or null where there is none. `path` is without its query. */
export function parseRoute(method: string, path: string, portalId: number): Route | null {
  const [prefix, family] = families.find(([start]) => path === start || path.startsWith(`${start}/`)) ?? [];
  if (prefix === undefined || family === undefined) return null;
  const steps = path
    .slice(prefix.length)
    .split('/')
    .filter((step) => step !== '');
  const parseType: Rest['parseType'] = (name) => (name === undefined ? undefined : parseObjectType(name, portalId));
  return family({ method, steps, parseType });
}

function objectRoute({ method, steps: [typeName, ...steps], parseType }: Rest): Route | null {
  const type = parseType(typeName);
  if (type === undefined) return null;
  const action = steps.join('/');
  if (method === 'POST' && action === 'batch/read') return { kind: 'batchRead', type };
  if (method === 'POST' && action === 'search') return { kind: 'search', type };
  if (method !== 'GET') return null;
  if (action === '') return { kind: 'list', type };
  return steps.length === 1 ? { kind: 'single', type, id: action } : null;
}

function propertiesRoute({ method, steps: [typeName, ...steps], parseType }: Rest): Route | null {
  const type = parseType(typeName);
  return method === 'GET' && type !== undefined && steps.length === 0 ? { kind: 'properties', type } : null;
}

function associationsRoute({ method, steps: [fromName, toName, ...steps], parseType }: Rest): Route | null {
  const [type, to] = [parseType(fromName), parseType(toName)];
  if (method !== 'POST' || type === undefined || to === undefined) return null;
  return steps.join('/') === 'batch/read' ? { kind: 'associations', type, to } : null;
}

function ownersRoute({ method, steps }: Rest): Route | null {
  return method === 'GET' && steps.length === 0 ? { kind: 'owners' } : null;
}

function pipelinesRoute({ method, steps: [typeName, ...steps], parseType }: Rest): Route | null {
  const type = parseType(typeName);
  return method === 'GET' && type !== undefined && steps.length === 0 ? { kind: 'pipelines', type } : null;
}

function schemasRoute({ method, steps }: Rest): Route | null {
  return method === 'GET' && steps.join('/') === 'schemas' ? { kind: 'schemas' } : null;
}

function accountRoute({ method, steps }: Rest): Route | null {
  if (method !== 'GET') return null;
  const action = steps.join('/');
  if (action === 'details') return { kind: 'accountDetails' };
  return action === 'api-usage/daily/private-apps' ? { kind: 'apiUsage' } : null;
}
