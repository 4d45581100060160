import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { Sandbox, type WorkerProcess } from '../../examples/sandbox.ts';
import type { SyncMode } from '../../model/plan.ts';
import { defaultTaskQueue, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import type { SimulatorOptions } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import {
  compareAssociationsWithTruth,
  type AssociationComparison,
} from '../../simulators/verification/compare-associations.ts';
import {
  compareWithTruth,
  type Comparison,
  type ComparisonRequest,
} from '../../simulators/verification/compare-with-truth.ts';
import {
  progressQuery,
  type BackfillInput,
  type IncrementalInput,
  type ResyncInput,
  type SyncProgress,
  type SyncResult,
} from '../../workflows/messages.ts';
import type { backfill } from '../../workflows/index.ts';
import { eventually } from './eventually.ts';
import { startTestTemporal, type TestTemporal } from './temporal.ts';
import { readWarehouse, type WarehouseRow } from './warehouse.ts';

export const contacts = 'crm.contacts';

export interface ChaosWorldOptions {
  readonly contacts: number;
  /** Of the simulated records; each test has its own, so that a failure names what it was. */
  readonly seed: number;
  readonly chunkRecords: number;
  /** More of the stream's options, as in config. */
  readonly stream?: object;
  /** Further streams with their options, by name. */
  readonly streams?: Readonly<Record<string, object>>;
  /** Further simulated records, by object. */
  readonly records?: SimulatorOptions['records'];
  readonly simulator?: Partial<SimulatorOptions>;
  /** An entry of the config's destinations; a DuckDB file by default. */
  readonly destination?: object;
  /** Temporal keeps its state in a file and may be restarted. */
  readonly isTemporalDurable?: true;
}

export type BackfillHandle = WorkflowHandleWithFirstExecutionRunId<typeof backfill>;

/** A mode's own input, of which the stream is `pipeline.stream`; contacts where absent. */
export type ModeInput = Partial<BackfillInput & IncrementalInput & ResyncInput>;

/** Everything a backfill meets in production, in processes of its own: Temporal, a HubSpot, workers, a DuckDB file. */
export class ChaosWorld implements AsyncDisposable {
  readonly folder: string;
  readonly simulator: RunningSimulator;
  readonly sandbox: Sandbox;
  #temporal: TestTemporal;
  #taskQueue: string = defaultTaskQueue;

  static async open({ contacts: count, seed, chunkRecords, ...rest }: ChaosWorldOptions): Promise<ChaosWorld> {
    const records = { contacts: count, ...rest.records };
    const folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-'));
    const databaseFile = join(folder, 'temporal.db');
    const [simulator, temporal] = await Promise.all([
      startHubspotSimulator({ seed, records, limits: { burst: null }, ...rest.simulator }),
      startTestTemporal(rest.isTemporalDurable ? { databaseFile } : {}),
    ]);
    const sandbox = await Sandbox.create({
      folder,
      simulatorUrl: simulator.url,
      temporalAddress: temporal.server.address,
      ...(rest.destination === undefined ? {} : { destination: rest.destination }),
      streams: { contacts: { chunkRecords, ...rest.stream }, ...rest.streams },
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

  /** Starts a workflow of any mode, with the mode's own input. */
  async begin(
    mode: SyncMode,
    { stream = contacts, ...input }: ModeInput = {},
  ): Promise<WorkflowHandleWithFirstExecutionRunId<Workflow>> {
    return this.temporal.client.workflow.start(workflowNames[mode].type, {
      workflowId: syncWorkflowId(mode, stream),
      taskQueue: this.#taskQueue,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ stream, ...input }],
    });
  }

  /** Runs one workflow of a mode to its end. */
  async run<Result extends SyncResult>(mode: SyncMode, input: ModeInput = {}): Promise<Result> {
    const handle = await this.begin(mode, input);
    return (await handle.result()) as Result;
  }

  /** A running workflow's progress, the backfill's by default; null while no worker answers. */
  async progress(mode: SyncMode = 'backfill', stream = contacts): Promise<SyncProgress | null> {
    const { client } = this.temporal;
    const handle = client.workflow.getHandle(syncWorkflowId(mode, stream));
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

  /** Rewrites the config; workers read it when they start. What is given is added to what there is. */
  async configure({
    stream,
    streams = {},
    source,
    taskQueue = this.#taskQueue,
  }: {
    stream?: object;
    streams?: Readonly<Record<string, object>>;
    source?: object;
    taskQueue?: string;
  }): Promise<void> {
    const config = JSON.parse(await readFile(this.sandbox.configPath, 'utf8')) as {
      temporal: object;
      sources: { crm: object };
      pipelines: { crm: { streams: Record<string, object> } };
    };
    config.temporal = { taskQueue };
    config.sources.crm = { ...config.sources.crm, ...source };
    const configured = config.pipelines.crm.streams;
    for (const [name, options] of Object.entries({ contacts: { ...stream }, ...streams })) {
      configured[name] = { ...configured[name], ...options };
    }
    await writeFile(this.sandbox.configPath, JSON.stringify(config));
    this.#taskQueue = taskQueue;
  }

  /** A table against the simulator's object of the same name. */
  compare(
    table = 'contacts',
    request: Partial<Pick<ComparisonRequest, 'object' | 'ids' | 'ignoredColumns' | 'erasedIds'>> = {},
  ): Promise<Comparison> {
    return compareWithTruth({
      databasePath: this.sandbox.databasePath,
      schema: 'hubspot',
      table,
      simulatorUrl: this.simulator.url,
      object: table,
      ...request,
    });
  }

  compareAssociations(from: string, to: string): Promise<AssociationComparison> {
    return compareAssociationsWithTruth({
      databasePath: this.sandbox.databasePath,
      schema: 'hubspot',
      table: `assoc_${from}_${to}`,
      simulatorUrl: this.simulator.url,
      from,
      to,
    });
  }

  /** Asks the DuckDB file, once the worker has let go of it. */
  query(sql: string): Promise<WarehouseRow[]> {
    return readWarehouse(this.sandbox.databasePath, (query) => query(sql));
  }

  /** Runs of a stream and mode that have something staged. */
  async stagedRuns(mode: SyncMode = 'backfill', stream = contacts): Promise<string[]> {
    return readdir(join(this.folder, '.sluice', 'stage', stream, mode)).catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.stop();
    await this.#temporal.stop();
    await this.simulator.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
