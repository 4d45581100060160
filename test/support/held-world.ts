import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginIncremental, type BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { extractChunk } from '../../activities/extract-chunk.ts';
import { KnownVersions } from '../../activities/known-versions.ts';
import { mergeChunk } from '../../activities/merge-chunk.ts';
import { planBackfill } from '../../activities/plan-backfill.ts';
import { planListing } from '../../activities/plan-listing.ts';
import type { PlannedRun } from '../../activities/planned-run.ts';
import { PlanReader } from '../../activities/read-plan.ts';
import { SettledPlans } from '../../activities/settled-plans.ts';
import type { Batch } from '../../model/batch.ts';
import type { Destination } from '../../model/destination.ts';
import { isFrontierEmpty } from '../../model/frontier.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { StreamSettings } from '../../model/stream-settings.ts';
import type { IncrementalCache } from '../../workflows/messages.ts';
import { ClockedSource } from './clocked-source.ts';
import { openDuckDbUnderTest } from './duckdb-under-test.ts';
import { SharedStages } from './shared-stages.ts';

const { signal } = new AbortController();
const minuteMs = 60_000;

/** What a run leaves, as far as the next one is told of it. */
export type Cache = Omit<IncrementalCache, 'counts' | 'idleRuns'>;

/** `begun`: its worker dies once the run is recorded. `midway`: after its first merge. */
export type Death = 'begun' | 'midway';

export interface RunOptions {
  readonly isAsked?: boolean;
  readonly dies?: Death;
  /** The first attempt of the step by which it begins has done everything, and its answer is lost. */
  readonly repeats?: true;
  /** Its worker knows nothing of changes that wait. */
  readonly isOfEarlierRelease?: true;
}

/** Incremental runs of one stream, one after another and without Temporal, into a destination that charges for every look. */
export class HeldWorld implements AsyncDisposable {
  readonly source = new ClockedSource();
  readonly stages: SharedStages;
  readonly settings: { -readonly [Name in keyof StreamSettings]: StreamSettings[Name] };
  cache: Cache | null = null;
  hasStages = true;
  /** How often a run claimed the stream. */
  claims = 0;
  readonly warnings: string[] = [];
  readonly #under: Awaited<ReturnType<typeof openDuckDbUnderTest>>;
  readonly #folder: string;
  #deps: ReturnType<HeldWorld['newWorker']>;
  #runs = 0;

  static async open(): Promise<HeldWorld> {
    return new HeldWorld(await openDuckDbUnderTest(), await mkdtemp(join(tmpdir(), 'sluice-held-')));
  }

  private constructor(under: Awaited<ReturnType<typeof openDuckDbUnderTest>>, folder: string) {
    this.#under = under;
    this.#folder = folder;
    this.stages = new SharedStages(join(folder, 'cloud'));
    this.settings = {
      stream: 'crm.contacts',
      pipeline: 'crm',
      source: 'crm',
      object: 'contacts',
      destination: 'warehouse',
      table: { schema: 'hubspot', table: 'contacts' },
      columns: ['email'],
      chunkRecords: 1_000,
      batchesPerMerge: 1,
      hold: { intervalMs: 10 * minuteMs, mostBatches: 60 },
      contract: 'evolve',
      onVanished: 'flag',
      hashedProperties: [],
      jsonProperties: [],
      associations: [],
      incomingAssociations: [],
      incremental: {
        enabled: true,
        windows: { overlapMs: 0, horizonMs: minuteMs, settledEveryMs: minuteMs },
        neverBackfilled: 'wait',
      },
      reconcile: { refreshCalculated: true, earliestMs: 0, latestMs: 0, approvalWaitMs: 0 },
      schedules: {
        incrementalMs: 2 * minuteMs,
        softDeleteMs: null,
        reconcileMs: null,
        calendars: {},
        timezone: 'UTC',
        jitterMs: 0,
      },
      freshnessMs: null,
      rejectLimit: 1_000,
    };
    this.#deps = this.newWorker();
  }

  /** Another process takes the worker's place: what it knew is gone. */
  restart(): void {
    this.#deps = this.newWorker();
  }

  pass(minutes: number): void {
    this.source.nowMs += minutes * minuteMs;
  }

  async backfill(): Promise<void> {
    const name = this.#newRun('backfill');
    const planned = await planBackfill(this.#deps, { ...name, mode: 'backfill', resume: 'never' }, signal);
    if (planned.kind === 'wait') throw new Error('a backfill need not wait here');
    await this.#readToTheEnd(planned, { name, staged: [] });
  }

  /** As far as a reconciliation comes before it lists anything. */
  async planReconcile(): Promise<void> {
    const name = this.#newRun('reconcile');
    await planListing(this.#deps, { ...name, mode: 'reconcile', mayStretch: false }, signal);
  }

  async reset(): Promise<void> {
    const { stream, table } = this.settings;
    const request = {
      stream,
      table,
      request: `reset-${++this.#runs}`,
      tableRows: 'keep',
      associationTables: [],
    } as const;
    await this.#under.destination.resetStream(request, signal);
  }

  /** A run that its schedule starts. What it leaves is the next one's, unless it dies. */
  async run({ isAsked = false, dies, repeats, isOfEarlierRelease }: RunOptions = {}): Promise<
    BegunIncrementalRun['kind']
  > {
    const name = this.#newRun('incremental');
    const { cache } = this;
    const begin = () =>
      beginIncremental(
        this.#deps,
        {
          ...name,
          mode: 'incremental',
          forceFullSync: false,
          standing: cache,
          idleRuns: 0,
          ...(isOfEarlierRelease
            ? {}
            : { waiting: { held: cache?.held ?? null, lookedAt: cache?.lookedAt ?? null, isAsked } }),
        },
        { signal, onProgress: () => {} },
      );
    if (repeats) await begin();
    const start = throughJson(await begin());
    if (start.kind === 'idle' || start.kind === 'held') {
      const { standing, positions, sourceNow: lookedAt } = start;
      this.cache =
        start.kind === 'held' ? { ...standing, lookedAt, held: start.held } : { ...standing, positions, lookedAt };
    }
    if (start.kind !== 'begun' || dies === 'begun') return start.kind;
    const staged = [...(start.earlier ?? []), ...(start.batch === null ? [] : [start.batch])];
    await this.#readToTheEnd(start.planned, { name, staged, ...(dies === undefined ? {} : { dies }) });
    const { positions, sourceNow: lookedAt } = start;
    const { generation } = start.planned;
    if (dies === undefined)
      this.cache = { generation, ledgerPositions: positions, positions, liveRows: null, lookedAt };
    return start.kind;
  }

  /** Ids and emails of the table. */
  async table(): Promise<Map<string, string | null>> {
    const rows = await this.#under.readRows(this.settings.table);
    return new Map(rows.map((row) => [row['id']!, row['email'] ?? null]));
  }

  async batches(): Promise<number> {
    const rows = await this.#under.readRows({ schema: this.settings.table.schema, table: 'sync_batches' });
    return rows.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#under.dispose();
    await rm(this.#folder, { recursive: true, force: true });
  }

  newWorker() {
    const external: ActivityDeps = {
      workerText: 'test',
      streamSettings: () => this.settings,
      pipelineStreams: () => [this.settings],
      pipelines: () => ['crm'],
      source: async () => this.source,
      destination: async () => this.#destination(),
      stageRoot: join(this.#folder, 'disk'),
      fewestPerChunk: 1,
      canSetSearchAttributes: false,
      hashKey: () => '',
      knownVersions: new KnownVersions(),
      callReconcile: async () => 'called',
      applyHeld: async () => void (await this.run({ isAsked: true })),
      isRunning: async () => false,
      noteQuarantine: () => {},
      log: { info: () => {}, warn: (_, text) => void this.warnings.push(text), error: () => {} },
    };
    return { ...external, plans: new PlanReader(external), settledPlans: new SettledPlans() };
  }

  #destination(): Destination {
    const destination = this.stages.of({ ...this.#under.destination, isMetered: true });
    return {
      ...destination,
      stages: this.hasStages ? this.stages : null,
      claimRun: (request, until) => {
        this.claims++;
        return destination.claimRun(request, until);
      },
    };
  }

  #newRun<Mode extends SyncMode>(mode: Mode) {
    const { stream } = this.settings;
    const runStartedAt = new Date(Date.UTC(2026, 0, 1) + ++this.#runs).toISOString();
    return { stream, mode, run: `${mode}-${this.#runs}`, runStartedAt };
  }

  /** As the workflow does it, without a step beside another. */
  async #readToTheEnd(
    planned: PlannedRun,
    { name, staged, dies }: { name: { mode: SyncMode; run: string; stream: string }; staged: Batch[]; dies?: Death },
  ): Promise<void> {
    const { generation, planDigest, firstStartedAt, scope, positions, comparesAfter, chunkRecords, heldRun } = planned;
    const settled = { generation, planDigest, firstStartedAt, scope, positions, comparesAfter };
    let { sequence, batchId: predecessor, frontier } = planned.head;
    let waiting = staged;
    while (waiting.length > 0 || !isFrontierEmpty(frontier)) {
      const [batch, ...rest] = waiting;
      if (batch === undefined) {
        const input = { ...name, generation, sequence: sequence + 1, predecessor, frontier, chunkRecords };
        const control = { signal, onProgress: () => {}, activity: `${name.run}/${sequence}` };
        const read = throughJson(await extractChunk(this.#deps, input, control));
        waiting = read.batch === null ? [] : [read.batch];
        continue;
      }
      const input = { ...name, ...settled, ...(heldRun === undefined ? {} : { heldRun }), batch };
      const outcome = await mergeChunk(this.#deps, input, signal, { before: null, note: () => {} });
      waiting = outcome.kind === 'rewind' ? [] : rest;
      ({
        sequence,
        batchId: predecessor,
        frontier,
      } = outcome.kind === 'rewind' ? outcome.head : { ...batch, frontier: batch.frontierAfter });
      if (dies === 'midway') return;
    }
  }
}

/** As it goes through Temporal. */
function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
