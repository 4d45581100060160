import type { Destination } from '../model/destination.ts';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { KnownVersions } from './known-versions.ts';

/** What activities need of the world; the worker's composition root provides it. */
export interface ActivityDeps {
  /** Which config this worker runs, and since when: another one may lie where the person who asks stands. */
  readonly workerText: string;
  /** Throws `ConfigInvalid` for a stream the config does not have. */
  readonly streamSettings: (stream: string) => StreamSettings;
  readonly pipelineStreams: (pipeline: string) => readonly StreamSettings[];
  readonly pipelines: () => readonly string[];
  /** Opens on first use; later calls give the same instance. */
  readonly source: (name: string) => Promise<Source>;
  readonly destination: (name: string) => Promise<Destination>;
  /** Folder for stages, on a disk that all activities of this worker share. */
  readonly stageRoot: string;
  readonly fewestPerChunk: number;
  /** Whether the namespace knows the Sync* search attributes: setting an unknown one would wedge the run. */
  readonly canSetSearchAttributes: boolean;
  /** Of hashed columns. Throws `ConfigInvalid` where it is not set. */
  readonly hashKey: () => string;
  readonly knownVersions: KnownVersions;
  /** Starts a reconciliation of the stream now, by its schedule where there is one. `why` is for people to read. */
  readonly callReconcile: (stream: string, why: string) => Promise<'called' | 'alreadyRunning' | 'paused'>;
  /** Has changes of the stream that wait, staged, merged by its next incremental run, and waits for that. */
  readonly applyHeld: (stream: string, signal: AbortSignal) => Promise<void>;
  /** Whether an execution under this workflow id is open. */
  readonly isRunning: (workflowId: string) => Promise<boolean>;
  /** Takes how many rows of a stream are in quarantine, where a step knows. */
  readonly noteQuarantine: (stream: string, rows: number) => void;
  readonly log: Log;
}
