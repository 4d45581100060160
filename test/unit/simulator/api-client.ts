import { afterEach } from 'vitest';

import type { SimulatorOptions } from '../../../simulators/hubspot/options.ts';
import { defaultToken } from '../../../simulators/hubspot/options.ts';
import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { startHubspotSimulator } from '../../../simulators/hubspot/start.ts';

export interface ApiRecord {
  readonly id: string;
  readonly properties: Readonly<Record<string, string | null>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archived: boolean;
  readonly archivedAt?: string;
}

export interface RecordsBody {
  readonly results: readonly ApiRecord[];
  readonly total?: number;
  readonly paging?: { readonly next: { readonly after: string } };
  readonly errors?: readonly { readonly category: string; readonly context: { readonly ids: readonly string[] } }[];
  readonly category?: string;
  readonly policyName?: string;
  readonly message?: string;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: RecordsBody;
}

const running: RunningSimulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

/** A simulator without a burst limit unless given one; closed after the test. */
export async function startForTest(options: Partial<SimulatorOptions> = {}): Promise<RunningSimulator> {
  const simulator = await startHubspotSimulator({
    ...options,
    limits: { burst: null, search: null, ...options.limits },
  });
  running.push(simulator);
  return simulator;
}

const authorization = `Bearer ${defaultToken}`;

export async function get(simulator: RunningSimulator, path: string): Promise<ApiReply> {
  return reply(await fetch(simulator.url + path, { headers: { authorization } }));
}

export async function post(simulator: RunningSimulator, path: string, body: unknown): Promise<ApiReply> {
  return reply(
    await fetch(simulator.url + path, { method: 'POST', headers: { authorization }, body: JSON.stringify(body) }),
  );
}

async function reply(response: Response): Promise<ApiReply> {
  return { status: response.status, headers: response.headers, body: (await response.json()) as RecordsBody };
}

/** Every record of a list from its `after` on, page by page until `paging` is absent. */
export async function listAll(simulator: RunningSimulator, path: string): Promise<ApiRecord[]> {
  const records: ApiRecord[] = [];
  const url = new URL(path, simulator.url);
  for (let after: string | undefined = ''; after !== undefined;) {
    if (after !== '') url.searchParams.set('after', after);
    const { body } = await get(simulator, `${url.pathname}?${url.searchParams.toString()}`);
    records.push(...body.results);
    after = body.paging?.next.after;
  }
  return records;
}

/** The simulator's own truth, by id. */
export function truthById(
  simulator: RunningSimulator,
  type: 'contacts' | 'companies' | 'notes',
): Map<string, Record<string, string | null>> {
  const text = Buffer.concat([...simulator.portal.truth(type)]).toString();
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const row = JSON.parse(line) as Record<string, string | null>;
      return [row['id'] ?? '', row];
    }),
  );
}
