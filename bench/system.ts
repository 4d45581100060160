import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Sandbox, startLocalTemporal, type WorkerProcess } from '../examples/sandbox.ts';
import { spawnHubspotSimulator, type SpawnedSimulator, type SpawnOptions } from '../simulators/hubspot/spawn.ts';
import { compareWithTruth, isEqual } from '../simulators/verification/compare-with-truth.ts';
import type { SyncMode } from '../model/plan.ts';
import { scheduleId, syncWorkflowId, workflowNames } from '../model/workflow-id.ts';
import type { BackfillResult, SyncResult } from '../workflows/messages.ts';

const stream = 'crm.contacts';
const bareClient = fileURLToPath(new URL('bare-client.ts', import.meta.url));

export interface RunFigures<Result extends SyncResult = BackfillResult> {
  readonly result: Result;
  /** From the workflow's start to its close, by Temporal's clock. */
  readonly runMs: number;
  readonly historyEvents: number;
  /** Highest resident set of the worker so far; null where the system does not tell. */
  readonly peakWorkerBytes: number | null;
}

/** One Temporal server, simulator and worker, in a folder that goes when it is disposed. */
export class BenchSystem implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Client;
  readonly #sandbox: Sandbox;
  readonly #simulator: SpawnedSimulator;
  #worker: WorkerProcess;

  static async start(
    simulatorOptions: SpawnOptions,
    {
      streams = { contacts: {} },
      destination,
    }: { readonly streams?: Readonly<Record<string, object>>; readonly destination?: object } = {},
  ): Promise<BenchSystem> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const temporal = await startLocalTemporal();
    stack.defer(() => temporal.stop());
    const simulator = await spawnHubspotSimulator(simulatorOptions);
    stack.defer(() => simulator.stop());
    const connection = await Connection.connect({ address: temporal.address });
    stack.defer(() => connection.close());
    const sandbox = await Sandbox.create({
      folder,
      simulatorUrl: simulator.url,
      temporalAddress: temporal.address,
      streams,
      ...(destination === undefined ? {} : { destination }),
    });
    stack.defer(() => sandbox.stop());
    const worker = sandbox.startWorker();
    await worker.ready;
    const client = new Client({ connection });
    return new BenchSystem({ stack: stack.move(), client, sandbox, simulator, worker });
  }

  private constructor(parts: {
    stack: AsyncDisposableStack;
    client: Client;
    sandbox: Sandbox;
    simulator: SpawnedSimulator;
    worker: WorkerProcess;
  }) {
    this.#stack = parts.stack;
    this.#client = parts.client;
    this.#sandbox = parts.sandbox;
    this.#simulator = parts.simulator;
    this.#worker = parts.worker;
  }

  backfill(): Promise<RunFigures> {
    return this.run<BackfillResult>('backfill');
  }

  async run<Result extends SyncResult>(mode: SyncMode): Promise<RunFigures<Result>> {
    const handle = await this.#client.workflow.start(workflowNames[mode].type, {
      taskQueue: 'sluice',
      workflowId: syncWorkflowId(mode, stream),
      args: [{ stream }],
    });
    const result = (await handle.result()) as Result;
    const { startTime, closeTime, historyLength } = await handle.describe();
    return {
      result,
      runMs: closeTime!.getTime() - startTime.getTime(),
      historyEvents: historyLength,
      peakWorkerBytes: await peakBytes(this.#worker.pid),
    };
  }

  /** Runs of a schedule, one after the other: unlike others they are told what the one before has found. */
  async startSchedule(mode: SyncMode): Promise<{ runOnce(): Promise<void> }> {
    const workflowId = syncWorkflowId(mode, stream);
    const schedule = await this.#client.schedule.create({
      scheduleId: scheduleId(mode, stream),
      spec: { intervals: [{ every: '30d' }] },
      // As the incremental schedules of `sluice schedules apply`.
      policies: { overlap: 'BUFFER_ONE' },
      action: {
        type: 'startWorkflow',
        workflowType: workflowNames[mode].type,
        workflowId,
        taskQueue: 'sluice',
        args: [{ stream }],
      },
    });
    return {
      runOnce: async () => {
        const { numActionsTaken } = (await schedule.describe()).info;
        await schedule.trigger('BUFFER_ONE');
        for (;;) {
          const { info } = await schedule.describe();
          const latest = info.recentActions.at(-1);
          if (info.numActionsTaken > numActionsTaken && latest !== undefined) {
            const { workflowId: id, firstExecutionRunId } = latest.action.workflow;
            await this.#client.workflow.getHandle(id, firstExecutionRunId).result();
            // The schedule notes the result that it tells the next one.
            if ((await schedule.describe()).info.runningActions.length === 0) return;
          }
          await sleep(200);
        }
      },
    };
  }

  /** Changes the simulator's account or its settings (docs of `simulators/hubspot/control.ts`). */
  async control(path: string, body: object): Promise<void> {
    const response = await fetch(`${this.#simulator.url}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  }

  /** Requests that have arrived at the simulator so far. */
  async requests(): Promise<number> {
    return (await this.#stats()).requests;
  }

  /** Downloads the same pages without Sluice. Milliseconds. */
  async bareDownload(connections: number): Promise<{ elapsedMs: number; records: number; pages: number }> {
    const headers = { authorization: 'Bearer pat-na1-simulator', 'content-type': 'application/json' };
    const catalogue = await fetch(`${this.#simulator.url}/crm/properties/2026-03/contacts`, { headers });
    const { results } = (await catalogue.json()) as { results: { name: string }[] };
    const search = await fetch(`${this.#simulator.url}/crm/objects/2026-03/contacts/search`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ limit: 1, sorts: [{ propertyName: 'hs_object_id', direction: 'DESCENDING' }] }),
    });
    const highest = (await search.json()) as { results: { id: string }[] };
    const args = [
      this.#simulator.url,
      'contacts',
      String(connections),
      results.map(({ name }) => name).join(','),
      highest.results[0]!.id,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, [bareClient, ...args]);
    return JSON.parse(stdout);
  }

  async rateLimited(): Promise<number> {
    return (await this.#stats()).rateLimited;
  }

  async #stats(): Promise<{ requests: number; rateLimited: number }> {
    const response = await fetch(`${this.#simulator.url}/_sim/stats`);
    const stats = (await response.json()) as { all: { requests: number; rateLimited: number } };
    return stats.all;
  }

  /** Stops the worker and compares every value; throws where one differs. `copy` brings the table of a remote destination. */
  async requireEqual(copy?: () => Promise<string>): Promise<number> {
    await this.#worker.stop();
    const comparison = await compareWithTruth({
      databasePath: copy === undefined ? this.#sandbox.databasePath : await copy(),
      schema: 'hubspot',
      table: 'contacts',
      simulatorUrl: this.#simulator.url,
      object: 'contacts',
    });
    if (!isEqual(comparison)) throw new Error(`destination and source differ: ${JSON.stringify(comparison)}`);
    this.#worker = this.#sandbox.startWorker();
    await this.#worker.ready;
    return comparison.comparedValues;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function peakBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const match = /VmHWM:\s+(\d+) kB/.exec(status);
  return match === null ? null : Number(match[1]) * 1024;
}
