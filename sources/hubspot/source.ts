import { addRequests } from '../../model/batch.ts';
import { LongWait, SyncError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import type { ObjectSummary, Source } from '../../model/source.ts';
import type { Traffic } from '../../model/traffic.ts';
import { HubSpotApi, RequestMeter, ScopeMissing } from './api.ts';
import { apiPaths, type ApiPaths } from './api-paths.ts';
import { checkAccount } from './check.ts';
import type { HubSpotConfig } from './config.ts';
import { describeAccess } from './describe-access.ts';
import { describeObject } from './describe-object.ts';
import { extractFixed } from './extract-fixed.ts';
import { stoppedOutcome } from './extract-outcome.ts';
import { extract } from './extract.ts';
import { fixedObjects } from './fixed-object.ts';
import { HttpClient } from './http-client.ts';
import { ObjectDirectory, type HubSpotObject } from './object-directory.ts';
import { newestIds } from './newest-ids.ts';
import { standardObjects } from './objects.ts';
import { cursorCount } from './parallel-list.ts';
import { planBackfill } from './plan-backfill.ts';
import { countRecords } from './record-count.ts';
import { RequestBudget } from './request-budget.ts';
import { readUsage } from './usage.ts';

export interface HubSpotDeps {
  readonly log: Log;
  /** Reads the token anew on each call, so that a rotated one is picked up without a restart. */
  readonly readAccessToken: () => Promise<string>;
  /** Where processes of this machine share request budgets; null to keep one for this process alone. */
  readonly budgetDir: string | null;
  /** How long one request is tried before an outage is the workflow's to wait out; a minute by default. */
  readonly maxRetryMs?: number;
}

const defaultMaxRetryMs = 60_000;

/** One HubSpot account, with one request budget for all its streams. Opening sends no request. */
export function openHubSpotSource(config: HubSpotConfig, deps: HubSpotDeps): Source {
  const accountPaths = apiPaths(config.apiVersion);
  const { log } = deps;
  const budget = new RequestBudget({
    requestsPer10s: config.requestsPer10s ?? null,
    baseUrl: config.baseUrl,
    folder: deps.budgetDir,
    log,
  });
  const api = new HubSpotApi({
    http: new HttpClient({ baseUrl: config.baseUrl, timeoutMs: config.timeoutMs, connections: cursorCount * 2 }),
    budget,
    readAccessToken: deps.readAccessToken,
    dailyUsagePath: accountPaths.dailyUsage,
    maxRetryMs: deps.maxRetryMs ?? defaultMaxRetryMs,
  });
  const directory = new ObjectDirectory({ api, schemasPath: accountPaths.schemas });

  const pathsFor = (...objects: readonly HubSpotObject[]): ApiPaths =>
    apiPaths(
      config.apiVersion,
      new Map(
        objects.flatMap((object) =>
          object.kind === 'crm' && object.typeId !== null ? [[object.name, object.typeId]] : [],
        ),
      ),
    );

  const find = async (
    name: string,
    signal: AbortSignal,
    traffic: Traffic,
  ): Promise<{ object: HubSpotObject; paths: ApiPaths; meter: RequestMeter }> => {
    const meter = new RequestMeter(traffic);
    const object = await directory.find(name, { signal, meter });
    return { object, paths: pathsFor(object), meter };
  };

  const summarize = async (object: HubSpotObject, signal: AbortSignal): Promise<ObjectSummary> => {
    const { name } = object;
    if (object.kind === 'fixed') return { object: name, recordCount: null, reason: 'HubSpot does not count them' };
    try {
      const counting = { api, paths: pathsFor(object), meter: new RequestMeter('interactive') };
      const { records } = await countRecords(counting, { object: name, signal });
      return { object: name, recordCount: records, reason: null };
    } catch (error) {
      if (error instanceof LongWait) return { object: name, recordCount: null, reason: error.wait.reason };
      if (error instanceof SyncError) return { object: name, recordCount: null, reason: error.message };
      throw error;
    }
  };

  return {
    check: (names, signal) =>
      checkAccount({ api, directory, pathsFor, accountPaths, baseUrl: config.baseUrl }, names, signal),
    readUsage: (signal) => readUsage({ api, paths: accountPaths }, signal),
    async summarizeObject(name, signal) {
      const { object } = await find(name, signal, 'interactive');
      return summarize(object, signal);
    },
    async listObjects(signal) {
      // A token that is refused altogether is one error, and not one for each object.
      const meter = new RequestMeter('interactive');
      await api.call({ method: 'GET', path: accountPaths.accountDetails, bucket: 'burst', signal }, meter);
      const custom = await directory.listCustom({ signal, meter }).catch((error: unknown) => {
        if (!(error instanceof ScopeMissing)) throw error;
        log.warn({ reason: error.message }, 'custom objects are not listed');
        return [];
      });
      return Promise.all([...standardObjects, ...custom, ...fixedObjects].map((object) => summarize(object, signal)));
    },
    async describeObject(name, signal, traffic = 'bulk') {
      const { object, paths, meter } = await find(name, signal, traffic);
      return describeObject({ api, paths, meter }, object, signal);
    },
    async planBackfill(name, scope, signal) {
      const { object, paths } = await find(name, signal, 'bulk');
      return planBackfill({ api, paths }, { object, scope, signal });
    },
    async countRecords(name, signal, traffic = 'bulk') {
      const { object, paths, meter } = await find(name, signal, traffic);
      if (object.kind === 'fixed') return null;
      const { records } = await countRecords({ api, paths, meter }, { object: name, signal });
      return { records, requests: meter.counts };
    },
    async newestIds(name, limit, signal) {
      const { object, paths, meter } = await find(name, signal, 'interactive');
      if (object.kind === 'fixed') return null;
      return { ids: await newestIds({ api, paths, meter }, { object, limit, signal }), requests: meter.counts };
    },
    describeAccess: (_, signal, traffic = 'bulk') =>
      describeAccess({ api, paths: accountPaths, meter: new RequestMeter(traffic) }, signal),
    async extract(request) {
      const { plan, signal, traffic } = request;
      const meter = new RequestMeter(traffic);
      let object: HubSpotObject;
      const associated: HubSpotObject[] = [];
      try {
        object = await directory.find(plan.object, { signal, meter });
        for (const { to } of plan.associations) associated.push(await directory.findCrm(to, { signal, meter }));
      } catch (error) {
        return stoppedOutcome(error, request, meter.counts);
      }
      if (object.kind === 'fixed') return extractFixed({ api, paths: accountPaths }, object, request);
      const outcome = await extract({ api, paths: pathsFor(object, ...associated), log }, request);
      return { ...outcome, requests: addRequests(meter.counts, outcome.requests) };
    },
    limitShare: () => budget.limitShare(),
    close: () => api.close(),
  };
}
