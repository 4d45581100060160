import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Python } from './find-python.ts';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const installsWithinMs = 600_000;

/**
 * The Python of a virtual environment that has the emulator's packages. It is made once per machine, list of packages and
 * version of Python, beside the cached Temporal; a rename at the end makes two processes at once harmless.
 */
export async function findEnvironment(
  python: Python,
  options: { readonly log: (line: string) => void; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const env = options.env ?? process.env;
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const cache = cacheFolder(env);
  const folder = join(cache, `${digest}-python${python.version}`);
  const found = join(folder, 'bin', 'python');
  if (await exists(found)) return found;
  options.log('Snowflake emulator: installing its Python packages (150 MB, once)');
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    await runStep(python.command, ['-m', 'venv', unfinished], env);
    const install = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet'];
    const quiet = ['--disable-pip-version-check', '--no-warn-script-location'];
    await runStep(join(unfinished, 'bin', 'python'), [...install, ...quiet, '-r', requirements], env);
    await rename(unfinished, folder).catch(async (error: unknown) => {
      // Another process was first.
      if (!(await exists(found))) throw error;
    });
    return found;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] ?? homedir();
  const caches =
    env['XDG_CACHE_HOME'] || (process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache'));
  return join(caches, 'sluice', 'snowflake-emulator');
}

async function runStep(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(command, args, { env, timeout: installsWithinMs });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const lines = stderr.split('\n').filter((line) => line.trim() !== '');
    const said = lines.findLast((line) => /^\s*error/i.test(line)) ?? lines.at(-1) ?? message;
    throw new Error(`the Snowflake emulator's Python packages cannot be installed: ${said.trim()}`, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
