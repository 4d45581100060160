import type { AssociationTable, StagedHead, StagedLink } from '../../model/association.ts';
import type { Log } from '../../model/log.ts';
import { HubSpotApi, RequestMeter } from '../../sources/hubspot/api.ts';
import { apiPaths, type ApiVersion, type TypeIds } from '../../sources/hubspot/api-paths.ts';
import { AssociationReader } from '../../sources/hubspot/associations.ts';
import { HttpClient } from '../../sources/hubspot/http-client.ts';
import { RequestBudget } from '../../sources/hubspot/request-budget.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import type { ObjectType } from '../../simulators/hubspot/object-types.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';
import type { StreamPlan } from '../../model/plan.ts';

export interface AssociationReading extends AsyncDisposable {
  readonly reader: AssociationReader;
  readonly meter: RequestMeter;
  /** In the order in which they were staged. */
  readonly heads: readonly StagedHead[];
  readonly links: readonly StagedLink[];
  /** Takes all ids, a page at a time as a list brings them, and flushes. */
  readAll(ids: readonly string[]): Promise<void>;
}

const never = new AbortController().signal;
const silent: Log = { info() {}, warn() {}, error() {} };

/** An association reader by itself, without the records beside which it reads. */
export function openAssociationReading(
  baseUrl: string,
  options: {
    readonly from: string;
    readonly to: readonly string[];
    readonly apiVersion?: ApiVersion;
    readonly typeIds?: TypeIds;
    /** Called before the sink takes what one answer brought. */
    readonly onWrite?: (to: string) => Promise<void> | void;
  },
): AssociationReading {
  const paths = apiPaths(options.apiVersion ?? '2026-03', options.typeIds);
  const api = new HubSpotApi({
    http: new HttpClient({ baseUrl, timeoutMs: 10_000, connections: 8 }),
    budget: new RequestBudget({ requestsPer10s: null, baseUrl, folder: null, log: silent }),
    readAccessToken: () => Promise.resolve(defaultToken),
    dailyUsagePath: paths.dailyUsage,
    maxRetryMs: 2_000,
  });
  const meter = new RequestMeter('bulk');
  const heads: StagedHead[] = [];
  const links: StagedLink[] = [];
  const plan = {
    object: options.from,
    associations: options.to.map((to) => associationTable(options.from, to)),
  } as Partial<StreamPlan> as StreamPlan;
  const reader = new AssociationReader({
    api,
    paths,
    plan,
    meter,
    sink: {
      associations: async ({ to }, read) => {
        await options.onWrite?.(to);
        heads.push(...read.heads);
        links.push(...read.links);
      },
    },
  });
  return {
    reader,
    meter,
    heads,
    links,
    async readAll(ids) {
      for (let i = 0; i < ids.length; i += 100) await reader.take(ids.slice(i, i + 100), never);
      await reader.flush(never);
    },
    async [Symbol.asyncDispose]() {
      reader[Symbol.dispose]();
      await api.close();
    },
  };
}

export function associationTable(from: string, to: string): AssociationTable {
  return { to, table: { schema: 'hubspot', table: `assoc_${from}_${to}` } };
}

/** The associations of a record by the simulator's own account, as staged links without their last column. */
export function associationsOf(
  { portal }: RunningSimulator,
  { from, to, id }: { from: ObjectType; to: ObjectType; id: string },
): string[] {
  return portal.associations
    .of(from, to, Number(id))
    .map(({ toId, category, typeId, label }) => linkText([id, String(toId), category, String(typeId), label]));
}

/** A link without its instant, to compare. */
export function linkText(link: readonly (string | null)[]): string {
  return JSON.stringify(link.slice(0, 5));
}
