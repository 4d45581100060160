import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { Sandbox, type WorkerProcess } from '../../examples/sandbox.ts';
import type { SyncMode } from '../../model/plan.ts';
import { defaultTaskQueue, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import type { SimulatorOptions } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { compareWithTruth, type Comparison } from '../../simulators/verification/compare-with-truth.ts';
import { progressQuery, type BackfillInput, type SyncProgress, type SyncResult } from '../../workflows/messages.ts';
import type { backfill } from '../../workflows/index.ts';
import { eventually } from './eventually.ts';
import { startTestTemporal, type TestTemporal } from './temporal.ts';

export const contacts = 'crm.contacts';

export interface ChaosWorldOptions {
  readonly contacts: number;
  /** Of the simulated records; each test has its own, so that a failure names what it was. */
  readonly seed: number;
  readonly chunkRecords: number;
  /** More of the stream's options, as in config. */
  readonly stream?: object;
  readonly simulator?: Partial<SimulatorOptions>;
  /** Temporal keeps its state in a file and may be restarted. */
  readonly isTemporalDurable?: true;
}

export type BackfillHandle = WorkflowHandleWithFirstExecutionRunId<typeof backfill>;

/** Everything a backfill meets in production, in processes of its own: Temporal, a HubSpot, workers, a DuckDB file. */
export class ChaosWorld implements AsyncDisposable {
  readonly folder: string;
  readonly simulator: RunningSimulator;
  readonly sandbox: Sandbox;
  #temporal: TestTemporal;
  #taskQueue: string = defaultTaskQueue;

  static async open({ contacts: count, seed, chunkRecords, ...rest }: ChaosWorldOptions): Promise<ChaosWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-'));
    const databaseFile = join(folder, 'temporal.db');
    const [simulator, temporal] = await Promise.all([
      startHubspotSimulator({ seed, records: { contacts: count }, limits: { burst: null }, ...rest.simulator }),
      startTestTemporal(rest.isTemporalDurable ? { databaseFile } : {}),
    ]);
    const sandbox = await Sandbox.create({
      folder,
      simulatorUrl: simulator.url,
      temporalAddress: temporal.server.address,
      streams: { contacts: { chunkRecords, ...rest.stream } },
    });
    return new ChaosWorld({ folder, simulator, sandbox, temporal });
  }

  private constructor(parts: Pick<ChaosWorld, 'folder' | 'simulator' | 'sandbox' | 'temporal'>) {
    this.folder = parts.folder;
    this.simulator = parts.simulator;
    this.sandbox = parts.sandbox;
    this.#temporal = parts.temporal;
  }

  get temporal(): TestTemporal {
    return this.#temporal;
  }

  /** Ends the server, by SIGKILL where asked, and starts it again at the same address on the same state. */
  async restartTemporal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { server } = this.#temporal;
    if (signal === 'SIGKILL') process.kill(server.pid, signal);
    await this.#temporal.stop();
    const port = Number(server.address.split(':')[1]);
    this.#temporal = await startTestTemporal({ databaseFile: join(this.folder, 'temporal.db'), port });
  }

  startWorker(options?: Parameters<Sandbox['startWorker']>[0]): WorkerProcess {
    return this.sandbox.startWorker(options);
  }

  async start(input: Partial<BackfillInput> = {}): Promise<BackfillHandle> {
    return this.temporal.client.workflow.start<typeof backfill>('backfill', {
      workflowId: syncWorkflowId('backfill', contacts),
      taskQueue: this.#taskQueue,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ stream: contacts, ...input }],
    });
  }

  /** Runs one workflow of a mode to its end. */
  async run<Result extends SyncResult>(
    mode: SyncMode,
    { stream = contacts, ...input }: { readonly stream?: string } & object = {},
  ): Promise<Result> {
    const handle = await this.temporal.client.workflow.start(workflowNames[mode].type, {
      workflowId: syncWorkflowId(mode, stream),
      taskQueue: this.#taskQueue,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ stream, ...input }],
    });
    return (await handle.result()) as Result;
  }

  /** The running backfill's progress; null while no worker answers. */
  async progress(): Promise<SyncProgress | null> {
    const { client } = this.temporal;
    const handle = client.workflow.getHandle(syncWorkflowId('backfill', contacts));
    return client.withDeadline(Date.now() + 2_000, () => handle.query(progressQuery)).catch(() => null);
  }

  /** Waits until the running backfill has merged so many batches. */
  async untilMerged(batches: number): Promise<SyncProgress> {
    return eventually(
      `${batches} batches merged`,
      async () => {
        const progress = await this.progress();
        return progress !== null && progress.batches >= batches ? progress : null;
      },
      60_000,
    );
  }

  /** Requests that have arrived at the simulator so far. */
  get requests(): number {
    return this.simulator.stats.snapshot()['all']?.requests ?? 0;
  }

  /** Rewrites the config; workers read it when they start. */
  async configure({ stream, taskQueue = this.#taskQueue }: { stream?: object; taskQueue?: string }): Promise<void> {
    const config = JSON.parse(await readFile(this.sandbox.configPath, 'utf8')) as {
      temporal: object;
      pipelines: { crm: { streams: { contacts: object } } };
    };
    config.temporal = { taskQueue };
    config.pipelines.crm.streams.contacts = { ...config.pipelines.crm.streams.contacts, ...stream };
    await writeFile(this.sandbox.configPath, JSON.stringify(config));
    this.#taskQueue = taskQueue;
  }

  compare(): Promise<Comparison> {
    return compareWithTruth({
      databasePath: this.sandbox.databasePath,
      schema: 'hubspot',
      table: 'contacts',
      simulatorUrl: this.simulator.url,
      object: 'contacts',
    });
  }

  /** Runs that have something staged. */
  async stagedRuns(): Promise<string[]> {
    return readdir(join(this.folder, '.sluice', 'stage', contacts, 'backfill')).catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.stop();
    await this.#temporal.stop();
    await this.simulator.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
