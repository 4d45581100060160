/** Program: the demo. `npm run demo -- --help` tells the flags. */
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { spawnHubspotSimulator } from '../../simulators/hubspot/spawn.ts';
import { compareWithTruth, isEqual } from '../../simulators/verification/compare-with-truth.ts';
import { Sandbox, startLocalTemporal } from '../sandbox.ts';
import { demoHelp, parseDemoOptions, type DemoOptions } from './options.ts';
import { reportText } from './report.ts';
import type { SnowflakeAccount } from './snowflake-account.ts';

const stream = 'crm.contacts';
const workflowId = `backfill/${stream}`;
const talk = (line: string): void => void process.stderr.write(`${line}\n`);

async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<number> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = await newFolder();
  talk('starting Temporal, a HubSpot simulator and a worker …');

  const temporal = await startLocalTemporal({
    uiPort: 0,
    databaseFile: join(folder, 'temporal.db'),
    log: talk,
    signal,
  });
  cleanUp.defer(() => temporal.stop());
  const account = options.destination === 'snowflake' ? await startAccount(folder) : null;
  if (account !== null) cleanUp.defer(() => account.stop());
  signal.throwIfAborted();
  const { contacts, limit, latencyMs, spread } = options;
  const simulator = await spawnHubspotSimulator({
    records: { contacts },
    limits: { burst: limit },
    latencyMs,
    spread,
  });
  cleanUp.defer(() => simulator.stop());
  const sandbox = await Sandbox.create({
    folder,
    simulatorUrl: simulator.url,
    temporalAddress: temporal.address,
    ...(account === null ? {} : { destination: account.config }),
    streams: { contacts: {} },
  });
  cleanUp.defer(() => sandbox.stop());
  const worker = sandbox.startWorker();
  await worker.ready;
  signal.throwIfAborted();

  const pace = limit === null ? 'without a limit' : `at ${limit} requests per 10 s`;
  talk(
    `backfill of ${contacts.toLocaleString('en-US')} contacts ${pace}, ${latencyMs} ms latency; Temporal UI ${temporal.uiUrl}`,
  );
  const sluice = async (verb: string): Promise<number | null> => {
    const cli = sandbox.cli([verb, stream, '--wait'], 'inherit');
    const [exitCode] = (await once(cli, 'exit')) as [number | null];
    signal.throwIfAborted();
    if (exitCode === 0 || exitCode === 3) return null;
    talk(`the worker's log: ${join(folder, 'worker.log')}`);
    return exitCode ?? 1;
  };
  const failed = await sluice('backfill');
  if (failed !== null) return failed;
  const run = await closedRun(temporal.address);
  const stats = await simulatorStats(simulator.url);

  const changes = await changeAccount(simulator.url, contacts);
  talk(`the account changes: ${changes}; the incremental sync and the soft deletes follow`);
  const failedLater = (await sluice('sync')) ?? (await sluice('soft-delete'));
  if (failedLater !== null) return failedLater;
  talk('comparing every value with the simulator …');
  await worker.stop();
  const use = account === null ? null : await account.use();
  const databasePath = account === null ? sandbox.databasePath : await account.copyTable('hubspot', 'contacts');
  const comparison = await compareWithTruth({
    databasePath,
    schema: 'hubspot',
    table: 'contacts',
    simulatorUrl: simulator.url,
    object: 'contacts',
  });
  const runUrl = `${temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${run.runId}`;
  const table = `hubspot.contacts in ${account === null ? databasePath : 'the emulated account, which ends with the demo'}`;
  process.stdout.write(
    `\n${reportText({ options, comparison, runMs: run.runMs, ...stats, runUrl, table, account: use })}\n\n`,
  );
  if (options.stays) {
    talk('The Temporal UI stays up until Ctrl-C.');
    await once(signal, 'abort');
  }
  return isEqual(comparison) ? 0 : 1;
}

/** Loaded on demand: the demo into DuckDB does without the Snowflake driver. */
async function startAccount(folder: string): Promise<SnowflakeAccount> {
  const { SnowflakeAccount } = await import('./snowflake-account.ts');
  return SnowflakeAccount.start(folder, talk);
}

/** What a working day does to an account, in a moment. */
async function changeAccount(url: string, contacts: number): Promise<string> {
  const day = {
    change: Math.ceil(contacts / 400),
    create: Math.ceil(contacts / 4_000),
    archive: Math.ceil(contacts / 8_000),
  };
  for (const [what, count] of Object.entries(day)) {
    const response = await fetch(`${url}/_sim/${what}/contacts`, { method: 'POST', body: JSON.stringify({ count }) });
    if (!response.ok) throw new Error(`the simulator refused: ${await response.text()}`);
  }
  return `${day.change} contacts changed, ${day.create} new, ${day.archive} archived`;
}

/** A folder of this demo's own; those of demos that are over are removed. */
async function newFolder(): Promise<string> {
  const parent = join('.sluice', 'demo');
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (!isAlive(Number(name))) await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, String(process.pid));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}

async function closedRun(address: string): Promise<{ runId: string; runMs: number }> {
  const connection = await Connection.connect({ address });
  try {
    const { runId, startTime, closeTime } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
    return { runId, runMs: closeTime!.getTime() - startTime.getTime() };
  } finally {
    await connection.close();
  }
}

interface SimulatorStats {
  readonly requests: number;
  readonly rateLimited: number;
  readonly peakTenSeconds: number;
}

async function simulatorStats(url: string): Promise<SimulatorStats> {
  const response = await fetch(`${url}/_sim/stats`);
  const stats = (await response.json()) as Record<string, SimulatorStats>;
  const { requests, rateLimited } = stats['all']!;
  return { requests, rateLimited, peakTenSeconds: stats['list contacts']!.peakTenSeconds };
}

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Error(name));
  });
}
try {
  const options = parseDemoOptions(process.argv.slice(2), process.stderr.isTTY && process.stdin.isTTY);
  if (options === 'help') process.stdout.write(demoHelp);
  else process.exitCode = await runDemo(options, controller.signal);
} catch (error) {
  if (controller.signal.aborted) {
    talk('stopped; nothing is left running');
    process.exitCode = 130;
  } else {
    talk(`error: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
