import { SyncError } from '../../model/errors.ts';

/** Between two copies, at least: copies of a large file would otherwise be most of what its disk does. */
const leastPauseMs = 60_000;
const leastPauseInCopies = 10;

export interface CopySchedule {
  /** The file has changed: publishes it now, or once the pause since the last copy is over. Never fails. */
  request(): void;
  /** Why the last copy could not be published; null while all is well. It is tried again after a pause. */
  lastFailure(): SyncError | null;
  /** Publishes what is still due. */
  close(): Promise<void>;
}

/** For a destination that publishes nothing. */
export const noCopies: CopySchedule = {
  request: () => undefined,
  lastFailure: () => null,
  close: () => Promise.resolve(),
};

/** Publishes in the background, one copy at a time; `publish` takes its own turn on the file. */
export function createCopySchedule(publish: () => Promise<void>): CopySchedule {
  let isDue = false;
  let isClosed = false;
  let failure: SyncError | null = null;
  let timer: NodeJS.Timeout | undefined;
  let publishing: Promise<void> | null = null;
  let notBeforeMs = 0;

  const attempt = async () => {
    isDue = false;
    const startedMs = performance.now();
    try {
      await publish();
      failure = null;
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      failure = error;
      isDue = true;
    }
    const endedMs = performance.now();
    notBeforeMs = endedMs + Math.max(leastPauseMs, leastPauseInCopies * (endedMs - startedMs));
  };

  const schedule = () => {
    if (!isDue || isClosed || publishing !== null) return;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        publishing = attempt().finally(() => {
          publishing = null;
          schedule();
        });
      },
      Math.max(0, notBeforeMs - performance.now()),
    ).unref();
  };

  return {
    request: () => {
      isDue = true;
      schedule();
    },
    lastFailure: () => failure,
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await publishing;
      if (isDue) await attempt();
    },
  };
}
