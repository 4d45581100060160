import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTemporalBinary } from '../../worker/local-temporal/find-server.ts';
import { startTemporalServer, type LocalServer } from '../../worker/local-temporal/start-server.ts';

let binary = '';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-local-temporal-'));
  binary = (await findTemporalBinary({ log: () => {}, signal: AbortSignal.timeout(300_000) })).path;
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(options: Partial<Parameters<typeof startTemporalServer>[0]> = {}): Promise<LocalServer> {
  return startTemporalServer({ binary, searchAttributes: {}, log: () => {}, ...options });
}

async function describeServer(address: string): Promise<{ retentionDays: number; attributes: string[] }> {
  const connection = await Connection.connect({ address });
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    const listed = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    return {
      retentionDays: Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400,
      attributes: Object.keys(listed.customAttributes ?? {}).sort(),
    };
  } finally {
    await connection.close();
  }
}

function isListening(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function becomesFalse(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (await holds()) {
    if (Date.now() > deadline) throw new Error('still so after 10 s');
    await sleep(50);
  }
}

describe('startTemporalServer', () => {
  it('serves a namespace with its search attributes and retention, and is gone after stop', async () => {
    const server = await start({
      searchAttributes: { SyncPipeline: 'Keyword', SyncStream: 'Keyword' },
      retentionDays: 30,
    });
    try {
      expect(server.uiUrl).toBeNull();
      expect(isAlive(server.pid)).toBe(true);
      expect(await describeServer(server.address)).toEqual({
        retentionDays: 30,
        attributes: expect.arrayContaining(['SyncPipeline', 'SyncStream']),
      });
    } finally {
      await Promise.all([server.stop(), server.stop()]);
    }
    expect(isAlive(server.pid)).toBe(false);
    expect(await isListening(server.address)).toBe(false);
  });

  it('keeps its state in a database file, where a later start may add a search attribute', async () => {
    const databaseFile = join(folder, 'new', 'temporal.db');
    const first = await start({ databaseFile, searchAttributes: { SyncPipeline: 'Keyword' }, retentionDays: 30 });
    await first.stop();
    const second = await start({ databaseFile, searchAttributes: { SyncPipeline: 'Keyword', SyncPhase: 'Keyword' } });
    try {
      expect(await describeServer(second.address)).toEqual({
        retentionDays: 30,
        attributes: expect.arrayContaining(['SyncPhase', 'SyncPipeline']),
      });
    } finally {
      await second.stop();
    }
  });

  it('serves the UI on a free port', async () => {
    const server = await start({ uiPort: 0 });
    try {
      const response = await fetch(server.uiUrl ?? '');
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('<html');
    } finally {
      await server.stop();
    }
  });

  it('says so when the server ends by itself', async () => {
    const log: string[] = [];
    const server = await start({ log: (line) => log.push(line) });
    process.kill(server.pid, 'SIGKILL');
    await becomesFalse(() => log.length < 2);
    expect(log[1]).toContain(`the server on ${server.address} has ended by itself`);
    await server.stop();
  });

  it('refuses a port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    try {
      await expect(start({ port })).rejects.toMatchObject({
        kind: 'ConfigInvalid',
        message: `port ${port} on 127.0.0.1 is taken`,
      });
    } finally {
      blocker.close();
    }
  });

  it("passes on the server's own words when it does not start", async () => {
    const databaseFile = join(folder, 'a-folder.db');
    await mkdir(databaseFile);
    await expect(start({ databaseFile })).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(/^the Temporal server did not start: .*unable to open database file/s),
    });
  });
});

describe('the server of another process', () => {
  let parent: ChildProcess;

  async function startInParent(): Promise<LocalServer> {
    const program = fileURLToPath(new URL('../support/start-local-temporal.ts', import.meta.url));
    parent = fork(program, [binary], { execArgv: [], detached: true });
    const [server] = await once(parent, 'message');
    return server as LocalServer;
  }

  it('ends when that process is killed with SIGKILL', async () => {
    const { pid, address } = await startInParent();
    expect(await isListening(address)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(parent.signalCode).toBe('SIGKILL');
    await becomesFalse(() => isAlive(pid));
    expect(await isListening(address)).toBe(false);
  });

  it('outlives a Ctrl-C, which a terminal sends to the whole process group, until that process ends', async () => {
    const { pid, address } = await startInParent();
    process.kill(-(parent.pid ?? 0), 'SIGINT');
    await once(parent, 'message');
    await sleep(500);
    expect(await isListening(address)).toBe(true);
    parent.kill('SIGKILL');
    await becomesFalse(() => isAlive(pid));
  });
});
