import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultToken } from '../simulators/hubspot/options.ts';
import { findTemporalBinary } from '../worker/local-temporal/find-server.ts';
import {
  startTemporalServer,
  type LocalServer,
  type LocalServerOptions,
} from '../worker/local-temporal/start-server.ts';
import { searchAttributeNames } from '../workflows/messages.ts';
import { isolatedEnvironment } from './isolated-environment.ts';

const cliPath = fileURLToPath(new URL('../client/main.ts', import.meta.url));

/** A worker's own grace times add up to this. */
const stopWithinMs = 90_000;

export interface SandboxOptions {
  /** Holds config, DuckDB file, stages, logs and Temporal's data. */
  readonly folder: string;
  readonly simulatorUrl: string;
  readonly temporalAddress: string;
  /** An entry of `destinations`, as in config; by default a DuckDB file in the folder. */
  readonly destination?: object;
  /** Streams with their options, as in config. */
  readonly streams: Readonly<Record<string, object>>;
  /** For several on one Temporal: names the pipeline, and its task queue, which are `crm` and the usual one otherwise. */
  readonly pipeline?: string;
  /** Shared with those that read the same account; in the folder by default. */
  readonly budgetDir?: string;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly isRunning: boolean;
  /** Resolves once it polls; rejects if it ends before. */
  readonly ready: Promise<void>;
  /** Sends the signal and waits for the end; SIGKILL follows where none comes. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A whole Sluice on this machine, in a folder of its own: config, worker processes and CLI against a simulator. */
export class Sandbox {
  readonly folder: string;
  readonly configPath: string;
  readonly databasePath: string;
  readonly #environment: Record<string, string>;
  readonly #workers = new Set<WorkerProcess>();

  static async create(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    await mkdir(options.folder, { recursive: true });
    await writeFile(sandbox.configPath, configText(options));
    return sandbox;
  }

  private constructor({ folder, simulatorUrl, temporalAddress }: SandboxOptions) {
    this.folder = folder;
    this.configPath = join(folder, 'sluice.yaml');
    this.databasePath = join(folder, 'warehouse.duckdb');
    this.#environment = isolatedEnvironment({
      HUBSPOT_ACCESS_TOKEN: defaultToken,
      SIMULATOR_URL: simulatorUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      SLUICE_LOG_LEVEL: 'warn',
    });
  }

  /**
   * Starts a worker that ends with this process; its log goes to `worker.log` in the folder. `preload` is a module that
   * it loads before anything else, `environment` is added to its own.
   */
  startWorker(
    options: { readonly preload?: string; readonly environment?: Readonly<Record<string, string>> } = {},
  ): WorkerProcess {
    const preload = options.preload === undefined ? [] : ['--import', options.preload];
    const child = spawn(process.execPath, [...preload, cliPath, 'worker', '--config', this.configPath], {
      env: { ...this.#environment, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const log = createWriteStream(join(this.folder, 'worker.log'), { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const worker = asWorker(child);
    this.#workers.add(worker);
    return worker;
  }

  /** Runs the CLI with this sandbox's config; `stdio` as for spawn. */
  cli(args: readonly string[], stdio: 'inherit' | 'pipe'): ChildProcess {
    return spawn(process.execPath, [cliPath, ...args, '--config', this.configPath], { env: this.#environment, stdio });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
  }
}

/** A real Temporal dev server with Sluice's search attributes. */
export async function startLocalTemporal(
  options: Partial<LocalServerOptions> & { readonly signal?: AbortSignal } = {},
): Promise<LocalServer> {
  const { signal = AbortSignal.timeout(110_000), log = () => {}, ...server } = options;
  const binary = await findTemporalBinary({ log, signal });
  return startTemporalServer({
    binary: binary.path,
    searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, 'Keyword' as const])),
    log,
    ...server,
  });
}

/** JSON is YAML, so the config needs no writer. */
function configText({
  streams,
  pipeline,
  destination = { kind: 'duckdb', path: './warehouse.duckdb' },
  budgetDir = './.sluice/budgets',
}: SandboxOptions): string {
  return JSON.stringify(
    {
      version: 1,
      sources: { crm: { kind: 'hubspot', accessToken: '${HUBSPOT_ACCESS_TOKEN}', baseUrl: '${SIMULATOR_URL}' } },
      destinations: { local: destination },
      pipelines: { [pipeline ?? 'crm']: { source: 'crm', destination: 'local', schema: 'hubspot', streams } },
      ...(pipeline === undefined ? {} : { temporal: { taskQueue: pipeline } }),
      budgetDir,
      testing: { smallChunks: true },
    },
    null,
    2,
  );
}

function asWorker(child: ChildProcess): WorkerProcess {
  const exited = once(child, 'exit');
  const ready = Promise.race([
    once(child, 'message').then(() => undefined),
    exited.then(() => Promise.reject(new Error('the worker ended before it was ready; see worker.log'))),
  ]);
  // Who never asks whether it is ready need not handle that it was not.
  ready.catch(() => undefined);
  return {
    pid: child.pid!,
    ready,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const lastResort = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await exited;
      clearTimeout(lastResort);
    },
  };
}
