import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';

/** One place where values and secrets must not appear, as all the bytes it shows. */
export interface Surface {
  readonly name: string;
  /** A word that this surface is known to show: a scan that does not find it sees nothing at all. */
  readonly shows: string;
  readonly read: () => Promise<Buffer> | Buffer;
}

const { History } = proto.temporal.api.history.v1;
const { DescribeScheduleResponse, DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;

/**
 * Every event of every run, as the server sends it: inputs, results, failures, memos, search attributes and summaries are
 * plain bytes in it, whatever holds them.
 */
export function histories(client: Client, shows: string): Surface {
  return {
    name: 'histories',
    shows,
    read: async () =>
      Buffer.concat(
        await Promise.all(
          (await executions(client)).map(async (run) =>
            History.encode({ events: await eventsOf(client, run) }).finish(),
          ),
        ),
      ),
  };
}

/** What describing a run and a schedule shows: pending steps with heartbeat and last failure, memos, arguments. */
export function descriptions(client: Client, shows: string): Surface {
  return {
    name: 'descriptions',
    shows,
    async read() {
      const runs = (await executions(client)).map(async (execution) =>
        DescribeWorkflowExecutionResponse.encode(
          await client.workflowService.describeWorkflowExecution({ namespace, execution }),
        ).finish(),
      );
      const { schedules } = await client.workflowService.listSchedules({ namespace });
      const described = (schedules ?? []).map(async ({ scheduleId }) =>
        DescribeScheduleResponse.encode(
          await client.workflowService.describeSchedule({ namespace, scheduleId: scheduleId ?? '' }),
        ).finish(),
      );
      return Buffer.concat(await Promise.all([...runs, ...described]));
    },
  };
}

/** All that the server keeps, histories, heartbeats and visibility among it: its database and the log of that. */
export function serverDatabase(path: string, shows: string): Surface {
  return {
    name: 'the server’s database',
    shows,
    read: () => Buffer.concat([path, `${path}-wal`].map((file) => readFileSync(file, { flag: 'a+' }))),
  };
}

/** What a process has written so far, as collected by its caller. */
export function written(name: string, texts: () => readonly string[], shows: string): Surface {
  return { name, shows, read: () => Buffer.from(texts().join('\n')) };
}

/** Names of all files and folders below one. */
export function fileNames(folder: string, shows: string): Surface {
  return {
    name: 'file names',
    shows,
    read: () => Buffer.from(filesBelow(folder).join('\n')),
  };
}

/** Contents of the files that `isOf` picks, by their paths below the folder. */
export function fileContents(
  name: string,
  { folder, isOf, shows }: { folder: string; isOf: (path: string) => boolean; shows: string },
): Surface {
  return {
    name,
    shows,
    read: () =>
      Buffer.concat(
        filesBelow(folder)
          .filter(isOf)
          .map((path) => readFileSync(join(folder, path))),
      ),
  };
}

/** The forms in which a text would be carried along: itself, in JSON, in a URL, and as base64 or hex of it. */
export function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [
    ...new Set([
      text,
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text),
      bytes.toString('hex'),
      // Wherever in its surroundings a text begins, one of three shifts has this in the middle of its base64.
      ...[0, 1, 2].map((shift) =>
        Buffer.concat([Buffer.alloc(shift), bytes])
          .toString('base64')
          .replace(/=+$/, '')
          .slice(shift === 0 ? 0 : 4, -2),
      ),
    ]),
  ];
}

/** `<what> in <surface>` for each of the canaries that a surface shows, in whatever form. */
export async function leaksOf(
  surfaces: readonly Surface[],
  canaries: Readonly<Record<string, string>>,
): Promise<string[]> {
  const leaks: string[] = [];
  for (const { name, shows, read } of surfaces) {
    const bytes = await read();
    if (!bytes.includes(shows)) leaks.push(`${name} does not even show "${shows}": the scan is blind`);
    for (const [what, text] of Object.entries(canaries)) {
      if (formsOf(text).some((form) => bytes.includes(form))) leaks.push(`${what} in ${name}`);
    }
  }
  return leaks;
}

const namespace = 'default';

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/** Every execution that the server knows of. */
export async function executions(client: Client): Promise<Execution[]> {
  const found: Execution[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) found.push({ workflowId, runId });
  return found;
}

/** One history, whole. */
export async function eventsOf(client: Client, execution: Execution): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | null = null;
  do {
    const page: proto.temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse =
      await client.workflowService.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : null;
  } while (nextPageToken !== null);
  return events;
}

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

/**
 * Every payload in it, but for two that no codec sees: search attributes, which the server has to read, and what the SDK notes
 * of a local activity (its name, attempt and times).
 */
export function payloadsOf(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) return [value as Payload];
  const seen = Object.entries(value).filter(([name]) => name !== 'searchAttributes');
  const isMarker = 'markerName' in value;
  return seen.flatMap(([name, inner]) =>
    isMarker && name === 'details' ? payloadsOf({ ...(inner as object), data: null }) : payloadsOf(inner),
  );
}

/** Texts and stacks of every failure in it, and of what caused that. */
export function failureTextsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { message, stackTrace } = value as { message?: unknown; stackTrace?: unknown };
  const own = typeof stackTrace === 'string' ? [message, stackTrace] : [];
  return [
    ...own.filter((text): text is string => typeof text === 'string' && text !== ''),
    ...Object.values(value).flatMap(failureTextsOf),
  ];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    relative(folder, join(entry.parentPath, entry.isDirectory() ? `${entry.name}/` : entry.name)),
  );
}
