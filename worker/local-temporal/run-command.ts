import { execFile } from 'node:child_process';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Runs a command to its end and returns its stdout; rejects with a one-line reason when it fails, hangs or is not there. */
export function runCommand({ command, args, timeoutMs, env, signal }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, signal, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (signal.aborted) return reject(signal.reason);
      const lines = stderr.split('\n').filter((line) => line.trim() !== '');
      const said = lines.findLast((line) => /^\s*error/i.test(line)) ?? lines.at(-1);
      if (error.code === 'ENOENT') reject(new Error(`${command} is not installed`));
      else if (error.killed) reject(new Error(`${command} did not end within ${timeoutMs / 1000} s`));
      else reject(new Error(said?.trim() ?? `${command} failed with exit code ${error.code}`));
    });
  });
}
