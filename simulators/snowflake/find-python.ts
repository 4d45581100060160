import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14', 'python'];
const asksWithinMs = 10_000;

export interface Python {
  /** To be found on PATH. */
  readonly command: string;
  /** `3.11`, for compiled packages belong to one. */
  readonly version: string;
}

/** The oldest Python that the emulator's packages exist for. */
export const oldestPython = '3.11';

/** The first Python on PATH that can run the emulator, or null. */
export async function findPython(env: NodeJS.ProcessEnv = process.env): Promise<Python | null> {
  for (const command of names) {
    const version = await askVersion(command, env);
    if (version !== null && isNewEnough(version)) return { command, version };
  }
  return null;
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestPython.split('.').map(Number);
  return major === oldestMajor && minor >= oldestMinor;
}

/** Null also for a Python without `venv` or `ensurepip`, which some distributions pack apart. */
async function askVersion(command: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const question = 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])';
  try {
    const { stdout } = await run(command, ['-c', question], { env, timeout: asksWithinMs });
    return stdout.trim();
  } catch {
    return null;
  }
}
