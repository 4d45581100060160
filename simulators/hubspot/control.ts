import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { NewProperty } from './catalogue.ts';
import type { FaultRule } from './faults.ts';
import type { ObjectType } from './object-types.ts';
import { parseObjectType } from './object-types.ts';
import type { PropertyType } from './property.ts';
import type { CreateRequest, RawValues, Selection } from './record-changes.ts';
import { readJson } from './request-body.ts';
import type { SettingsChange, Simulator } from './simulator.ts';

export const controlPrefix = '/_sim/';

interface ControlRequest {
  readonly simulator: Simulator;
  readonly steps: readonly string[];
  /** The type named by the second step. Throws `RangeError` where it names none. */
  readonly type: ObjectType;
  readonly body: unknown;
}

type Control = (request: ControlRequest) => unknown;

/** By method and first step. Bodies are trusted: this is a test instrument. */
const controls: Readonly<Record<string, Control>> = {
  'POST create': ({ simulator, type, body }) => ({ ids: simulator.portal.create(type, (body ?? {}) as CreateRequest) }),
  'POST change': ({ simulator, type, body }) => ({
    ids: simulator.portal.change(type, (body ?? {}) as Selection & { values?: RawValues }),
  }),
  'POST recalculate': ({ simulator, type, body }) => ({
    ids: simulator.portal.recalculate(type, body as Selection & { values: RawValues }),
  }),
  'POST archive': ({ simulator, type, body }) => ({ ids: simulator.portal.archive(type, (body ?? {}) as Selection) }),
  'POST restore': ({ simulator, type, body }) => ({ ids: simulator.portal.restore(type, (body ?? {}) as Selection) }),
  'POST gdpr-delete': ({ simulator, type, body }) => ({
    ids: simulator.portal.gdprDelete(type, (body ?? {}) as Selection),
  }),
  'POST merge': ({ simulator, type, body }) => {
    const { primary, secondary } = body as { primary: string; secondary: string };
    return { id: simulator.portal.merge(type, primary, secondary) };
  },
  'POST properties': ({ simulator, type, steps, body }) => {
    changeCatalogue(simulator, type, { action: steps[2] ?? '', body });
    return { properties: simulator.portal.data(type).catalogue.properties.map((spec) => spec.name) };
  },
  'GET count': ({ simulator, type }) => simulator.portal.count(type),
  'GET unconvertible': ({ simulator, type }) => ({ values: simulator.portal.unconvertible(type) }),
  'GET history': ({ simulator, type, steps }) => {
    const history = simulator.portal.history(type, steps[2] ?? '');
    if (history === null) throw new RangeError(`no record ${steps[2]}`);
    return { history };
  },
  'GET settings': ({ simulator }) => ({ ...simulator.settings, limits: simulator.limits.settings }),
  'POST settings': ({ simulator, body }) => {
    simulator.configure(body as SettingsChange);
    return { ...simulator.settings, limits: simulator.limits.settings };
  },
  'GET faults': ({ simulator }) => ({ faults: simulator.faults.list() }),
  'POST faults': ({ simulator, steps, body }) => {
    if (steps[1] === 'clear') simulator.faults.clear();
    else for (const rule of Array.isArray(body) ? body : [body]) simulator.faults.add(rule as FaultRule);
    return { faults: simulator.faults.list() };
  },
  'GET stats': ({ simulator }) => simulator.stats.snapshot(),
  'POST stats': ({ simulator }) => {
    simulator.stats.reset();
    return {};
  },
  'POST reset': ({ simulator }) => {
    simulator.reset();
    return {};
  },
};

function changeCatalogue(simulator: Simulator, type: ObjectType, change: { action: string; body: unknown }): void {
  const body = change.body as NewProperty & { name: string; type: PropertyType };
  switch (change.action) {
    case 'add':
      simulator.portal.addProperty(type, body);
      break;
    case 'remove':
      simulator.portal.removeProperty(type, body.name);
      break;
    case 'retype':
      simulator.portal.retypeProperty(type, body.name, body.type);
      break;
    default:
      throw new RangeError(`no catalogue change ${change.action}`);
  }
}

/** Serves `/_sim/`: no token, no limit, no delay. 400 with the reason where a call cannot be carried out. */
export async function serveControl(
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const steps = url.pathname.slice(controlPrefix.length).split('/');
  const body = request.method === 'POST' ? await readJson(request) : { value: undefined };
  try {
    if (body === null) throw new RangeError('the body is not JSON');
    if (steps[0] === 'truth')
      return await sendTruth(simulator, { type: typeOf(steps), query: url.searchParams }, response);
    const control = controls[`${request.method} ${steps[0]}`];
    if (control === undefined) throw new RangeError(`no control ${request.method} ${url.pathname}`);
    const result = control({
      simulator,
      steps,
      body: body.value,
      get type() {
        return typeOf(steps);
      },
    });
    send(response, 200, result);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    send(response, 400, { error: error.message });
  }
}

async function sendTruth(
  simulator: Simulator,
  { type, query }: { type: ObjectType; query: URLSearchParams },
  response: ServerResponse,
): Promise<void> {
  const asked = query.getAll('properties').flatMap((list) => list.split(','));
  const blocks = simulator.portal.truth(type, {
    status: query.get('archived') === 'true' ? 'archived' : 'live',
    ...(asked.length > 0 ? { properties: asked } : {}),
  });
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  await pipeline(Readable.from(blocks, { objectMode: true, highWaterMark: 2 }), response);
}

function typeOf(steps: readonly string[]): ObjectType {
  const type = parseObjectType(steps[1] ?? '');
  if (type === undefined) throw new RangeError(`no object type ${steps[1]}`);
  return type;
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}
