import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

import { refuseScope, refuseToken } from './access.ts';
import { accountDetails, dailyUsage } from './account-info.ts';
import type { Answer } from './answers.ts';
import { html, invalid, notFound, rateLimited, withHeaders } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { readAssociations } from './association-read.ts';
import { readBatch } from './batch-read.ts';
import { acceptedEncoding, compressed, deliver } from './delivery.ts';
import { faultAnswer } from './fault-answers.ts';
import type { FaultRule } from './faults.ts';
import { isDeliveryFault } from './faults.ts';
import { listRecords } from './list.ts';
import { listOwners } from './owner-list.ts';
import { PageWriter } from './page-writer.ts';
import { listPipelines } from './pipeline-list.ts';
import { listProperties } from './property-list.ts';
import { readJson } from './request-body.ts';
import type { Route } from './routes.ts';
import type { Budget } from './request-limits.ts';
import type { Outcome } from './request-stats.ts';
import { parseRoute } from './routes.ts';
import { listSchemas } from './schemas.ts';
import { searchRecords } from './search.ts';
import type { Simulator } from './simulator.ts';
import { readSingle } from './single-read.ts';

const mostUrlCharacters = 16_200;

interface Handled {
  readonly answer: Answer;
  readonly fault: FaultRule | null;
}

/** Answers HubSpot's routes: address, token, route, limits, faults, latency, then the work itself. */
export class Api {
  readonly #simulator: Simulator;
  readonly #writer = new PageWriter();

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { portal, stats, settings } = this.#simulator;
    const [path, search] = splitUrl(request.url ?? '/');
    const route = parseRoute(request.method ?? 'GET', path, settings.portalId);
    const entry = stats.begin(routeName(route), portal.now());
    let outcome: Outcome = { status: null, bytes: 0, records: 0, fault: null };
    response.once('close', () => entry.end(outcome));
    const { answer, fault } = await this.#handle(request, { path, search, route, onAdmitted: () => entry.admitted() });
    const sent = compressed(answer, acceptedEncoding(request.headers['accept-encoding']));
    if (fault?.kind === 'hang') outcome = { ...outcome, fault: 'hang' };
    else {
      const records = fault === null ? sent.records : 0;
      outcome = { status: sent.status, bytes: sent.body.length, records, fault: fault?.kind ?? null };
    }
    deliver(response, {
      answer: sent,
      nowMs: portal.now(),
      fault: fault !== null && isDeliveryFault(fault.kind) ? fault.kind : null,
      slowMs: fault?.durationMs,
    });
  }

  async #handle(
    request: IncomingMessage,
    { path, search, route, onAdmitted }: { path: string; search: string; route: Route | null; onAdmitted: () => void },
  ): Promise<Handled> {
    const { portal, limits, faults, settings } = this.#simulator;
    const url = request.url ?? '/';
    const pass = (answer: Answer): Handled => ({ answer, fault: null });
    if (url.length > mostUrlCharacters) return pass(html(414, 'Request-URI Too Large'));
    const refusedToken = refuseToken(settings, request.headers.authorization, portal.now());
    if (refusedToken !== null) return pass(refusedToken);
    if (route === null) return pass(notFound(`resource not found: ${path}`));

    const admission = limits.admit(budgetOf(route), portal.now());
    const { headers } = admission;
    if (admission.stoppedBy !== null) return pass(withHeaders(rateLimited(admission.stoppedBy), headers));
    onAdmitted();
    const type = 'type' in route ? route.type : null;
    const refusedScope = refuseScope(settings, type) ?? refuseScope(settings, 'to' in route ? route.to : null);
    if (refusedScope !== null) return pass(withHeaders(refusedScope, headers));
    const query = new URLSearchParams(search);
    const fault = faults.strike({ route: route.kind, type, after: query.get('after') ?? '', url });

    const body = request.method === 'POST' ? await readJson(request) : { value: undefined };
    const latencyMs = settings.latencyMs + Math.random() * settings.jitterMs;
    if (latencyMs > 0) await wait(latencyMs);
    if (fault !== null && !isDeliveryFault(fault.kind)) {
      return { answer: withHeaders(faultAnswer(fault.kind, fault, type), headers), fault };
    }
    if (body === null) return pass(withHeaders(invalid('Invalid input JSON'), headers));
    const answer = this.#answer(route, {
      portal: this.#simulator.portal,
      writer: this.#writer,
      encoding: acceptedEncoding(request.headers['accept-encoding']),
      list: settings.list,
      search: settings.search,
      associations: settings.associations,
      visibility: settings.visibility,
      mergedIdInBatchRead: settings.mergedIdInBatchRead,
      mergedIdInArchivedList: settings.mergedIdInArchivedList,
      portalId: settings.portalId,
      path,
      query,
      body: body.value,
    });
    return { answer: withHeaders(answer, headers), fault };
  }

  #answer(route: Route, request: ApiRequest): Answer {
    switch (route.kind) {
      case 'list':
        return listRecords(request, route.type);
      case 'single':
        return readSingle(request, route.type, route.id);
      case 'batchRead':
        return readBatch(request, route.type);
      case 'search':
        return searchRecords(request, route.type);
      case 'properties':
        return listProperties(request, route.type);
      case 'associations':
        return readAssociations(request, route.type, route.to);
      case 'owners':
        return listOwners(request);
      case 'pipelines':
        return listPipelines(request, route.type);
      case 'schemas':
        return listSchemas(request);
      case 'accountDetails':
        return accountDetails({ portalId: request.portalId, timeZone: this.#simulator.options.timeZone });
      case 'apiUsage':
        return dailyUsage(this.#simulator.limits, request.portal.now());
      default:
        return route satisfies never;
    }
  }
}

function budgetOf({ kind }: Route): Budget {
  if (kind === 'search' || kind === 'associations') return kind;
  return kind === 'apiUsage' ? 'usage' : 'burst';
}

function splitUrl(url: string): readonly [path: string, search: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

function routeName(route: Route | null): string {
  if (route === null) return 'unknown';
  const types = [...('type' in route ? [route.type] : []), ...('to' in route ? [route.to] : [])].join('>');
  return types === '' ? route.kind : `${route.kind} ${types}`;
}
