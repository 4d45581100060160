import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EmulatorControl, type EmulatorSettings } from './control.ts';
import { findPython, oldestPython } from './find-python.ts';
import { findEnvironment } from './virtual-environment.ts';

export interface EmulatedDestination {
  readonly kind: 'snowflake';
  readonly account: string;
  readonly accessUrl: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly warehouse: string;
}

export interface SnowflakeEmulator {
  /** `http://127.0.0.1:<port>`, the driver's `accessUrl`. */
  readonly url: string;
  /** `AWS_ENDPOINT_URL_S3` of the buckets that external stages have; any AWS credentials are let in. */
  readonly s3Url: string;
  readonly port: number;
  readonly pid: number;
  /** An entry of the config's `destinations` that logs in, unless `settings` let in only some. */
  readonly destination: EmulatedDestination;
  readonly control: EmulatorControl;
  /** Idempotent. */
  stop(): Promise<void>;
}

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * Starts an emulated Snowflake account in a process of its own, which ends with this one however that dies. What it holds
 * lives in memory. Throws one clear line where there is no Python for it, or its packages cannot be installed.
 */
export async function startSnowflakeEmulator(
  options: {
    readonly settings?: EmulatorSettings;
    readonly log?: (line: string) => void;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): Promise<SnowflakeEmulator> {
  const env = options.env ?? process.env;
  const python = await findPython(env);
  if (python === null) {
    throw new Error(`the Snowflake emulator needs Python ${oldestPython} or newer with venv, and none is on PATH`);
  }
  const command = await findEnvironment(python, { env, log: options.log ?? (() => {}) });
  const child = spawn(command, ['-m', 'emulator', '--settings', JSON.stringify(options.settings ?? {})], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: withoutPythonSettings(env),
  });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), exited])) as [unknown];
  const { pid } = child;
  if (typeof line !== 'string' || pid === undefined) {
    throw new Error('the Snowflake emulator ended before it was ready; what it said is above');
  }
  const { port } = JSON.parse(line) as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    s3Url: `${url}/s3`,
    port,
    pid,
    destination: {
      kind: 'snowflake',
      account: 'emulated',
      accessUrl: url,
      username: 'LOADER',
      password: 'any',
      database: 'SLUICE',
      warehouse: 'COMPUTE_WH',
    },
    control: new EmulatorControl(url),
    stop: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A PYTHONPATH or PYTHONHOME meant for another program must not steer this one; and it leaves no files beside its code. */
function withoutPythonSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('PYTHON'));
  return { ...Object.fromEntries(kept), PYTHONDONTWRITEBYTECODE: '1' };
}
