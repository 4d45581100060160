import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../client/main.ts', import.meta.url));

export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of the sources' own: that of an installed package. */
  readonly program?: string;
}

/** Runs the command line as a person's shell would, with nothing of this process's environment that could steer it. */
export async function runCli(words: readonly string[], options: CliOptions): Promise<CliRun> {
  const child = spawnCli(words, options);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, ...output };
}

/** The same, left running: for what is ended by a signal. */
export function spawnCli(words: readonly string[], { directory, env, program = main }: CliOptions) {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return spawn(process.execPath, [program, ...words], {
    cwd: directory,
    env: { PATH, NODE_COMPILE_CACHE, HOME: directory, USER: 'anna', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
