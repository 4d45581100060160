import { LongWait, SyncError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import type { ObjectSummary, Source } from '../../model/source.ts';
import { HubSpotApi, RequestMeter } from './api.ts';
import { apiPaths } from './api-paths.ts';
import { checkAccount } from './check.ts';
import type { HubSpotConfig } from './config.ts';
import { extract } from './extract.ts';
import { HttpClient } from './http-client.ts';
import { hubSpotObjects, modifiedPropertyOf, parseHubSpotObject } from './objects.ts';
import { cursorCount } from './parallel-list.ts';
import { planBackfill } from './plan-backfill.ts';
import { parseCatalogue } from './property-catalogue.ts';
import { RequestBudget } from './request-budget.ts';
import { countRecords } from './search.ts';

export interface HubSpotDeps {
  readonly log: Log;
  /** Reads the token anew on each call, so that a rotated one is picked up without a restart. */
  readonly readAccessToken: () => Promise<string>;
  /** How long one request is tried before an outage is the workflow's to wait out; a minute by default. */
  readonly maxRetryMs?: number;
}

const defaultMaxRetryMs = 60_000;

/** One HubSpot account, with one request budget for all its streams in this process. Opening sends no request. */
export function openHubSpotSource(config: HubSpotConfig, deps: HubSpotDeps): Source {
  const paths = apiPaths(config.apiVersion);
  const api = new HubSpotApi({
    http: new HttpClient({ baseUrl: config.baseUrl, timeoutMs: config.timeoutMs, connections: cursorCount * 2 }),
    budget: new RequestBudget({ requestsPer10s: config.requestsPer10s ?? null }),
    readAccessToken: deps.readAccessToken,
    dailyUsagePath: paths.dailyUsage,
    maxRetryMs: deps.maxRetryMs ?? defaultMaxRetryMs,
  });
  const shared = { api, paths, log: deps.log };

  const summarize = async (object: string, signal: AbortSignal): Promise<ObjectSummary> => {
    try {
      const { recordCount } = await countRecords(shared, object, signal, new RequestMeter());
      return { object, recordCount, reason: null };
    } catch (error) {
      if (error instanceof LongWait) return { object, recordCount: null, reason: error.wait.reason };
      if (error instanceof SyncError) return { object, recordCount: null, reason: error.message };
      throw error;
    }
  };

  return {
    check: (objects, signal) => checkAccount({ ...shared, baseUrl: config.baseUrl }, objects, signal),
    summarizeObject: (name, signal) => summarize(parseHubSpotObject(name), signal),
    async listObjects(signal) {
      // A token that is refused altogether is one error, and not one for each object.
      await api.call({ method: 'GET', path: paths.accountDetails, bucket: 'burst', signal }, new RequestMeter());
      return Promise.all(hubSpotObjects.map((object) => summarize(object, signal)));
    },
    async describeObject(name, signal) {
      const object = parseHubSpotObject(name);
      const answer = await api.call(
        { method: 'GET', path: paths.properties(object), bucket: 'burst', signal },
        new RequestMeter(),
      );
      return {
        object,
        keyType: 'integer',
        versionProperty: modifiedPropertyOf(object),
        properties: parseCatalogue(answer.json, object),
      };
    },
    planBackfill: (object, scope, signal) =>
      planBackfill(shared, { object: parseHubSpotObject(object), scope, signal }),
    extract: (request) => extract(shared, request),
    close: () => api.close(),
  };
}
