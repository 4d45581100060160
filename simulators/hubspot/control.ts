import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { AssociationRequest } from './associations.ts';
import type { NewProperty } from './catalogue.ts';
import type { Directory, DirectoryEntry, EntryChange } from './directory.ts';
import type { FaultRule } from './faults.ts';
import type { ObjectType } from './object-types.ts';
import { parseObjectType } from './object-types.ts';
import type { PropertyType } from './property.ts';
import type {
  CreateRequest,
  MergeStyle,
  PurgeRequest,
  RawValues,
  RestoreRequest,
  Selection,
} from './record-changes.ts';
import { readJson } from './request-body.ts';
import type { SettingsChange, Simulator } from './simulator.ts';

export const controlPrefix = '/_sim/';

interface ControlRequest {
  readonly simulator: Simulator;
  readonly steps: readonly string[];
  /** The type named by the second step. Throws `RangeError` where it names none. */
  readonly type: ObjectType;
  /** The type named by the third step. Throws `RangeError` where it names none. */
  readonly to: ObjectType;
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
  'POST restore': ({ simulator, type, body }) => ({
    ids: simulator.portal.restore(type, (body ?? {}) as RestoreRequest),
  }),
  'POST purge': ({ simulator, type, body }) => ({ ids: simulator.portal.purge(type, (body ?? {}) as PurgeRequest) }),
  'POST gdpr-delete': ({ simulator, type, body }) => ({
    ids: simulator.portal.gdprDelete(type, (body ?? {}) as Selection),
  }),
  'POST merge': ({ simulator, type, body }) => {
    const { primary, secondary, ...options } = body as { primary: string; secondary: string; mergeStyle?: MergeStyle };
    return { id: simulator.portal.merge(type, primary, secondary, options) };
  },
  'POST associate': ({ simulator, type, to, body }) => {
    simulator.portal.associations.associate(type, to, (body as { pairs: AssociationRequest[] }).pairs);
    return {};
  },
  'POST dissociate': ({ simulator, type, to, body }) => {
    simulator.portal.associations.dissociate(type, to, (body as { pairs: AssociationRequest[] }).pairs);
    return {};
  },
  'POST owners': ({ simulator, body }) => ({ owners: putAll(simulator.portal.owners, body) }),
  'POST pipelines': ({ simulator, type, body }) => ({ pipelines: putAll(simulator.portal.pipelines(type), body) }),
  'GET truth-owners': ({ simulator }) => ({ owners: simulator.portal.owners.all() }),
  'GET truth-pipelines': ({ simulator, type }) => ({ pipelines: simulator.portal.pipelines(type).all() }),
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

/** Puts one entry or an array of them, and returns all there are. */
function putAll<Entry extends DirectoryEntry>(directory: Directory<Entry>, body: unknown): Entry[] {
  for (const change of Array.isArray(body) ? body : [body]) directory.put(change as EntryChange<Entry>);
  return directory.all();
}

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
    const blocks = truthOf(simulator, { steps, query: url.searchParams });
    if (blocks !== null) {
      await sendLines(response, blocks);
      return;
    }
    const control = controls[`${request.method} ${steps[0]}`];
    if (control === undefined) throw new RangeError(`no control ${request.method} ${url.pathname}`);
    const result = control({
      simulator,
      steps,
      body: body.value,
      get type() {
        return typeOf(simulator, steps[1]);
      },
      get to() {
        return typeOf(simulator, steps[2]);
      },
    });
    send(response, 200, result);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    send(response, 400, { error: error.message });
  }
}

/** The truth that is told line by line; null for every other control. */
function truthOf(
  simulator: Simulator,
  { steps, query }: { steps: readonly string[]; query: URLSearchParams },
): Generator<Buffer> | null {
  const { portal } = simulator;
  const [control, first, second] = steps;
  switch (control) {
    case 'truth': {
      const asked = query.getAll('properties').flatMap((list) => list.split(','));
      return portal.truth(typeOf(simulator, first), {
        status: query.get('archived') === 'true' ? 'archived' : 'live',
        ...(asked.length > 0 ? { properties: asked } : {}),
      });
    }
    case 'truth-gone':
      return portal.truthOfGone(typeOf(simulator, first));
    case 'truth-associations':
      return portal.truthOfAssociations(typeOf(simulator, first), typeOf(simulator, second));
    default:
      return null;
  }
}

async function sendLines(response: ServerResponse, blocks: Generator<Buffer>): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  await pipeline(Readable.from(blocks, { objectMode: true, highWaterMark: 2 }), response);
}

function typeOf({ settings }: Simulator, name = ''): ObjectType {
  const type = parseObjectType(name, settings.portalId);
  if (type === undefined) throw new RangeError(`no object type ${name}`);
  return type;
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}
