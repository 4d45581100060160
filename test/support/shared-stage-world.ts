import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { createActivities, type Activities } from '../../activities/create-activities.ts';
import { failureInterceptor } from '../../activities/failure-interceptor.ts';
import { KnownVersions } from '../../activities/known-versions.ts';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import { resolveStream } from '../../config/resolve-stream.ts';
import type { Destination } from '../../model/destination.ts';
import type { InspectInput, InspectResult } from '../../model/inspection.ts';
import type { Log } from '../../model/log.ts';
import type { SyncMode } from '../../model/plan.ts';
import { inspectWorkflowId, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { compareWithTruth, type Comparison } from '../../simulators/verification/compare-with-truth.ts';
import { openConnectors, type Connectors } from '../../worker/connectors.ts';
import { inspectType } from '../../workflows/messages.ts';
import { SharedStages } from './shared-stages.ts';
import type { TestTemporal } from './temporal.ts';
import { WorkflowWorld } from './workflow-world.ts';

/** A whole backfill is three chunks. */
const records = 900;
const chunkRecords = 300;

/**
 * The whole of Sluice within one process, on a destination that has stages of its own: a simulated HubSpot, Temporal, and the
 * steps of workers that share no folder.
 */
export class SharedStageWorld implements AsyncDisposable {
  readonly stages: SharedStages;
  readonly simulator: RunningSimulator;
  maxTextBytes: number | null = null;
  readonly #workflows: WorkflowWorld;
  readonly #config: LoadedConfig;
  readonly #connectors: Connectors;
  readonly #folder: string;
  readonly #log: Log;

  /** Each stream, by name and with what config says of it, reads the same contacts into a table of its own. */
  static async open(streams: Readonly<Record<string, object>>): Promise<SharedStageWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-shared-stages-'));
    const [simulator, workflows] = await Promise.all([
      startHubspotSimulator({ seed: 6, records: { contacts: records }, limits: { burst: null, search: null } }),
      WorkflowWorld.open(),
    ]);
    return new SharedStageWorld({ folder, simulator, workflows, streams });
  }

  private constructor(parts: {
    folder: string;
    simulator: RunningSimulator;
    workflows: WorkflowWorld;
    streams: Readonly<Record<string, object>>;
  }) {
    this.#folder = parts.folder;
    this.simulator = parts.simulator;
    this.#workflows = parts.workflows;
    this.stages = new SharedStages(join(parts.folder, 'cloud'));
    this.#config = loadConfig({
      path: join(parts.folder, 'sluice.yaml'),
      text: JSON.stringify({
        version: 1,
        sources: { crm: { kind: 'hubspot', accessToken: defaultToken, baseUrl: parts.simulator.url } },
        destinations: { local: { kind: 'duckdb', path: './warehouse.duckdb', readCopy: 'off' } },
        pipelines: {
          crm: {
            source: 'crm',
            destination: 'local',
            schema: 'hubspot',
            streams: Object.fromEntries(
              Object.entries(parts.streams).map(([name, more]) => [
                name,
                { object: 'contacts', chunkRecords, ...more },
              ]),
            ),
          },
        },
        budgetDir: './budgets',
        testing: { smallChunks: true },
      }),
      env: {},
    });
    this.#log = { info() {}, error() {}, warn() {} };
    this.#connectors = openConnectors(this.#config, this.#log);
  }

  async destination(): Promise<Destination> {
    const { maxTextBytes } = this;
    return { ...this.stages.of(await this.#connectors.destination('local')), maxTextBytes };
  }

  /** The steps of a worker with a disk of its own, by name. */
  activities(disk: string): Activities {
    return createActivities({
      workerText: disk,
      streamSettings: (stream) => resolveStream(this.#config, stream),
      pipelineStreams: () => [],
      pipelines: () => ['crm'],
      source: (name) => this.#connectors.source(name),
      destination: () => this.destination(),
      stageRoot: this.#disk(disk),
      fewestPerChunk: 1,
      canSetSearchAttributes: false,
      hashKey: () => '',
      knownVersions: new KnownVersions(),
      callReconcile: async () => 'called',
      applyHeld: async () => {},
      isRunning: async () => false,
      noteQuarantine: () => {},
      log: this.#log,
    });
  }

  /** Files that lie on a worker's disk. */
  async left(disk: string): Promise<string[]> {
    const entries = await readdir(this.#disk(disk), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  /** Runs a worker of these steps until `body` ends. */
  async withWorker<T>(activities: Activities, body: (taskQueue: string) => Promise<T>): Promise<T> {
    const taskQueue = `stages-${Math.random().toString(36).slice(2)}`;
    const steps = { activities, sinks: { runs: { report: { fn() {} } } } };
    const worker = await this.#workflows.createWorker(steps, taskQueue, 100, {
      interceptors: { activity: [({ info }) => ({ inbound: failureInterceptor(info, this.#log) })] },
    });
    return worker.runUntil(() => body(taskQueue));
  }

  start(taskQueue: string, mode: SyncMode, stream: string): Promise<WorkflowHandleWithFirstExecutionRunId> {
    return this.#workflows.temporal.client.workflow.start(workflowNames[mode].type, {
      taskQueue,
      workflowId: syncWorkflowId(mode, `crm.${stream}`),
      args: [{ stream: `crm.${stream}` }],
    });
  }

  get temporal(): TestTemporal {
    return this.#workflows.temporal;
  }

  inspect(taskQueue: string, input: InspectInput): Promise<InspectResult> {
    const workflowId = inspectWorkflowId(input.verb, new Date().toISOString());
    return this.#workflows.temporal.client.workflow.execute(inspectType, { taskQueue, workflowId, args: [input] });
  }

  /** Every row of a stream's table against its record; asks the file once nobody holds it. */
  async compare(stream: string, ignoredColumns: readonly string[] = []): Promise<Comparison> {
    const destination = await this.#connectors.destination('local');
    await destination.close();
    return compareWithTruth({
      databasePath: join(this.#folder, 'warehouse.duckdb'),
      schema: 'hubspot',
      table: stream,
      object: 'contacts',
      ignoredColumns,
      simulatorUrl: this.simulator.url,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workflows[Symbol.asyncDispose]();
    await this.#connectors.close();
    await this.simulator.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #disk(name: string): string {
    return join(this.#folder, name, 'stage');
  }
}
