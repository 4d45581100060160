import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('reading-process.ts', import.meta.url));

export interface ReadingProcess {
  /** Resolves once it is about to send. */
  readonly started: Promise<void>;
  kill(): Promise<void>;
}

/** Processes that read one account as workers do, and share its budget. Disposing of them kills those that are left. */
export class ReadingProcesses implements AsyncDisposable {
  readonly #account: { readonly url: string; readonly budgetDir: string };
  readonly #running = new Set<ReadingProcess>();

  constructor(account: { readonly url: string; readonly budgetDir: string }) {
    this.#account = account;
  }

  start({ backfills }: { readonly backfills: number }): ReadingProcess {
    const child: ChildProcess = fork(program, [this.#account.url, this.#account.budgetDir, String(backfills)]);
    const exited = once(child, 'exit');
    const ended = exited.then(() => Promise.reject(new Error('a reading process ended before it read')));
    const started = Promise.race([once(child, 'message').then(() => undefined), ended]);
    started.catch(() => undefined);
    ended.catch(() => undefined);
    const reading: ReadingProcess = {
      started,
      kill: async () => {
        this.#running.delete(reading);
        child.kill('SIGKILL');
        await exited;
      },
    };
    this.#running.add(reading);
    return reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((reading) => reading.kill()));
  }
}
