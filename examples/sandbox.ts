import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultToken } from '../simulators/hubspot/options.ts';
import { findTemporalBinary } from '../worker/local-temporal/find-server.ts';
import { startTemporalServer, type LocalServer, type LocalServerOptions } from '../worker/local-temporal/start-server.ts';
import { searchAttributeNames } from '../workflows/messages.ts';
import { isolatedEnvironment } from './isolated-environment.ts';

const cliPath = fileURLToPath(new URL('../client/main.ts', import.meta.url));

export interface SandboxOptions {
  /** Holds config, DuckDB file, stages, logs and Temporal's data. */
  readonly folder: string;
  readonly simulatorUrl: string;
  readonly temporalAddress: string;
  /** Streams with their options, as in config. */
  readonly streams: Readonly<Record<string, object>>;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly isRunning: boolean;
  /** Sends SIGTERM and waits for the orderly end, or SIGKILL. */
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

  /** Starts a worker; its log goes to `worker.log` in the folder. It polls within about two seconds. */
  startWorker(): WorkerProcess {
    const child = spawn(process.execPath, [cliPath, 'worker', '--config', this.configPath], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.folder, 'worker.log'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
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
function configText({ streams }: SandboxOptions): string {
  return JSON.stringify(
    {
      version: 1,
      sources: { crm: { kind: 'hubspot', accessToken: '${HUBSPOT_ACCESS_TOKEN}', baseUrl: '${SIMULATOR_URL}' } },
      destinations: { local: { kind: 'duckdb', path: './warehouse.duckdb' } },
      pipelines: { crm: { source: 'crm', destination: 'local', schema: 'hubspot', streams } },
      testing: { smallChunks: true },
    },
    null,
    2,
  );
}

function asWorker(child: ChildProcess): WorkerProcess {
  const exited = once(child, 'exit');
  return {
    pid: child.pid!,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
