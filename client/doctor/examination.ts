import type { InspectResults } from '../../model/inspection.ts';
import type { StreamName } from '../../model/stream-name.ts';
import type { RunFacts } from '../run-facts.ts';
import type { ScheduleScope } from '../schedule-scope.ts';
import type { ScheduleStatus } from '../read-schedules.ts';
import type { ConfigSession } from '../session.ts';
import type { TemporalConnection } from '../temporal-connection.ts';

/** What one call of the doctor is about, and what its groups find out for each other: each is asked at most once. */
export interface Examination {
  readonly session: ConfigSession;
  readonly streams: readonly StreamName[];
  /** Whether that is all of config: only then is what belongs to no stream of it worth a word. */
  readonly isWhole: boolean;
  /** Also looks where a look costs money. */
  readonly isExact: boolean;
  /** Throws `ConfigInvalid` where a stream cannot be read. */
  readonly scheduleScope: () => ScheduleScope;
  /** Rejects with exit code 5 where it cannot be reached. */
  readonly temporal: () => Promise<TemporalConnection>;
  readonly worker: () => Promise<WorkerView>;
  /** The open runs of each mode and stream, and the latest where none is open. */
  readonly runs: () => Promise<readonly RunFacts[]>;
  readonly schedules: () => Promise<readonly ScheduleStatus[]>;
}

/** The worker's answer, and clocks: the server's and this machine's when it was asked, this machine's when it answered. */
export interface WorkerView {
  readonly answer: InspectResults['examine'];
  /** ISO. */
  readonly serverNow: string;
  readonly machineNow: string;
  readonly answeredAt: string;
}

/** The same promise for everybody who asks. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => (asked ??= ask());
}
