import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, extname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SyncError } from '../../model/errors.ts';
import { findFreePort } from './free-port.ts';

export interface LocalServerOptions {
  readonly binary: string;
  /** SQLite file that keeps runs and schedules over restarts; without it they live in memory. */
  readonly databaseFile?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Serves the Web UI there, 0 for a free port; without it there is none. */
  readonly uiPort?: number;
  /** How long closed runs are kept; the server's own default is one day. */
  readonly retentionDays?: number;
  readonly searchAttributes: Readonly<Record<string, 'Keyword'>>;
  readonly log: (line: string) => void;
}

export interface LocalServer {
  /** `host:port` of the gRPC service, namespace `default`. */
  readonly address: string;
  readonly uiUrl: string | null;
  /** Of the server itself. */
  readonly pid: number;
  /** SIGTERM, and SIGKILL after 5 s; settles when the process is gone. Idempotent. */
  stop(): Promise<void>;
}

const startWithinMs = 20_000;
const callWithinMs = 5_000;
const portAttempts = 5;
const keptLines = 12;
/** `INDEXED_VALUE_TYPE_KEYWORD` of the API. */
const keywordType = 2;
const dayMs = 86_400_000;

interface Ports {
  readonly port: number;
  readonly uiPort: number | null;
}

/**
 * Starts the Temporal dev server on 127.0.0.1 and waits until it answers. It runs in a process group of its own, so that
 * Ctrl-C reaches only this process, and under a watchdog, so that it ends with this process however that dies.
 * Rejects with `ConfigInvalid` when an asked-for port is taken, `Unavailable` when the server does not start.
 */
export async function startTemporalServer(options: LocalServerOptions): Promise<LocalServer> {
  if (options.databaseFile !== undefined) await mkdir(dirname(options.databaseFile), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(options);
    try {
      return await launch(options, ports);
    } catch (error) {
      // A port that was free a moment ago can be taken before the server binds it.
      if (attempt === portAttempts || !/address already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function choosePorts({ port = 0, uiPort }: LocalServerOptions): Promise<Ports> {
  return { port: await claimPort(port), uiPort: uiPort === undefined ? null : await claimPort(uiPort) };
}

async function claimPort(wanted: number): Promise<number> {
  const port = await findFreePort(wanted);
  if (port !== null) return port;
  throw new SyncError('ConfigInvalid', `port ${wanted} on 127.0.0.1 is taken`, {
    next: 'choose another port, or stop what listens there',
  });
}

async function launch(options: LocalServerOptions, ports: Ports): Promise<LocalServer> {
  const child = fork(
    fileURLToPath(new URL(`./watchdog${extname(import.meta.url)}`, import.meta.url)),
    [options.binary, ...serverArguments(options, ports)],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: withoutTemporalProfile(process.env),
    },
  );
  const lastLines = keepLastLines(child);
  const ended = once(child, 'exit').then(() => undefined);
  const closed = new Promise<void>((resolve) => child.stderr?.once('close', () => resolve()));
  let isStopping = false;
  const stop = onceOnly(() => {
    isStopping = true;
    return stopServer(child, { ended, closed });
  });
  const address = `127.0.0.1:${ports.port}`;
  try {
    const [{ pid }] = (await Promise.race([once(child, 'message'), ended.then(() => [{ pid: 0 }])])) as [
      { pid: number },
    ];
    await waitUntilAnswers(address, () => child.exitCode === null && child.signalCode === null);
    await withConnection(address, (connection) => settle(connection, options));
    letThisProcessEnd(child);
    const uiUrl = ports.uiPort === null ? null : `http://127.0.0.1:${ports.uiPort}`;
    child.once('exit', () => {
      if (!isStopping) options.log(`Temporal: the server on ${address} has ended by itself. ${lastLines()}`);
    });
    options.log(`Temporal: running on ${address}${uiUrl === null ? '' : `, UI ${uiUrl}`}`);
    return { address, uiUrl, pid, stop };
  } catch (error) {
    await stop();
    const said = lastLines();
    throw new SyncError('Unavailable', `the Temporal server did not start: ${said || (error as Error).message}`, {
      next: `run ${options.binary} server start-dev to see more`,
      cause: error,
    });
  }
}

function serverArguments({ databaseFile, searchAttributes }: LocalServerOptions, { port, uiPort }: Ports): string[] {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  args.push(...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]));
  if (databaseFile !== undefined) args.push('--db-filename', databaseFile);
  for (const [name, type] of Object.entries(searchAttributes)) args.push('--search-attribute', `${name}=${type}`);
  return args;
}

/** A TEMPORAL_* variable meant for another cluster must not steer the local one. */
function withoutTemporalProfile(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function waitUntilAnswers(address: string, isRunning: () => boolean): Promise<void> {
  const deadline = Date.now() + startWithinMs;
  while (isRunning()) {
    try {
      await withConnection(address, async (connection) => {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
      });
      if (isRunning()) return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`no answer within ${startWithinMs / 1000} s`, { cause: error });
      await sleep(50);
    }
  }
  throw new Error('it ended at once');
}

/** What the command line cannot set: retention, and search attributes that a database from an earlier start lacks. */
async function settle(connection: Connection, { retentionDays, searchAttributes }: LocalServerOptions): Promise<void> {
  const namespace = 'default';
  if (retentionDays !== undefined) {
    const config = { workflowExecutionRetentionTtl: msToTs(retentionDays * dayMs) };
    await connection.workflowService.updateNamespace({ namespace, config });
  }
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(searchAttributes).filter((name) => !Object.hasOwn(customAttributes ?? {}, name));
  if (missing.length === 0) return;
  const types = Object.fromEntries(missing.map((name) => [name, keywordType]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: types });
}

async function withConnection(address: string, use: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.withDeadline(Date.now() + callWithinMs, () => use(connection));
  } finally {
    await connection.close();
  }
}

async function stopServer(
  child: ChildProcess,
  { ended, closed }: { readonly ended: Promise<void>; readonly closed: Promise<void> },
): Promise<void> {
  child.ref();
  (child.stderr as Socket | null)?.ref();
  if (child.connected) child.disconnect();
  await ended;
  // If the watchdog was killed, its server may still be there; the group has no other members.
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  // Now no process is left that could write, and the last words have been read.
  await closed;
}

/** The server's own complaints, for the error of a start that failed. Reads on, so that its pipe never fills. */
function keepLastLines(child: ChildProcess): () => string {
  const lines: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
    });
  }
  return () => lines.join('\n');
}

/** Without `stop()` this process may still end by itself; the watchdog then ends the server. */
function letThisProcessEnd(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  (child.stderr as Socket | null)?.unref();
}

function onceOnly(act: () => Promise<void>): () => Promise<void> {
  let acted: Promise<void> | undefined;
  return () => (acted ??= act());
}
