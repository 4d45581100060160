/**
 * Program text for `node --import`: a worker that loads it first does harm to itself at named points, each once, as
 * told by `planSabotage`. The product's code knows nothing of it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { DuckDBConnection } from '@duckdb/node-api';
import { Context } from '@temporalio/activity';
import type { PayloadCodec } from '@temporalio/common';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../../activities/create-activities.ts';
import type { Stage } from '../../model/batch.ts';
import { SyncError } from '../../model/errors.ts';
import type { SyncMode } from '../../model/plan.ts';
import {
  heldOutcomeMark,
  markOf,
  releasedMarkOf,
  sabotageFolder,
  sabotagePlan,
  type Harm,
  type SabotagePoint,
} from './sabotage-plan.ts';

/** DuckDB files are let go of two seconds after their last use. */
const untilFileIsReleasedMs = 3_000;

const plan: readonly Harm[] = JSON.parse(process.env[sabotagePlan] ?? '[]') as Harm[];
const folder = process.env[sabotageFolder] ?? '';

interface Moment {
  readonly at: SabotagePoint;
  readonly mode?: SyncMode;
  readonly sequence?: number;
}

/** What is to happen now, if it has not happened yet. Marks it as done first, since it may be the last thing done. */
function due({ at, mode, sequence }: Moment): Harm | undefined {
  const harm = plan.find(
    (entry) =>
      entry.at === at &&
      (entry.mode === undefined || entry.mode === mode) &&
      (entry.sequence === undefined || entry.sequence === sequence) &&
      !existsSync(join(folder, markOf(entry))),
  );
  if (harm !== undefined) writeFileSync(join(folder, markOf(harm)), '');
  return harm;
}

function strike(moment: Moment): void {
  const harm = due(moment);
  if (harm !== undefined) process.kill(process.pid, harm.does === 'stop' ? 'SIGSTOP' : 'SIGKILL');
}

function harmStage({ directory, records }: Stage, { does }: Harm): void {
  const path = records.files[0]!.path;
  if (does === 'loseStage') rmSync(directory, { recursive: true });
  if (does === 'truncateStage') writeFileSync(path, readFileSync(path).subarray(0, -100));
  if (does === 'corruptStage') {
    // One character of an e-mail address: the file still has its size and reads as well as before.
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace('@', '%'), 'latin1');
  }
}

function sabotaged(activities: Activities): Activities {
  return {
    ...activities,
    async extractChunk(input) {
      const result = await activities.extractChunk(input);
      if (result.batch === null) return result;
      const harm = due({ at: 'staged', ...input });
      if (harm?.does === 'kill') process.kill(process.pid, 'SIGKILL');
      else if (harm !== undefined) harmStage(result.batch.stage, harm);
      return result;
    },
    async mergeChunk(input) {
      const harm = due({ at: 'mergeStarts', mode: input.mode, sequence: input.batch.sequence });
      if (harm?.does === 'hold') await released(harm, () => Context.current().heartbeat());
      else if (harm?.does === 'holdSilently') return tellingOutcome(harm, () => activities.mergeChunk(input));
      else if (harm !== undefined) await sleep(untilFileIsReleasedMs);
      if (harm?.does === 'stop') process.kill(process.pid, 'SIGSTOP');
      return activities.mergeChunk(input);
    },
  };
}

async function released(harm: Harm, meanwhile: () => void): Promise<void> {
  while (!existsSync(join(folder, releasedMarkOf(harm)))) {
    meanwhile();
    await sleep(50);
  }
}

/** Without a heartbeat before, so that nothing tells the step what became of its run. */
async function tellingOutcome<T>(harm: Harm, step: () => Promise<T>): Promise<T> {
  await released(harm, () => {});
  const tell = (outcome: string): void => writeFileSync(join(folder, heldOutcomeMark), outcome);
  try {
    const result = await step();
    tell('merged');
    return result;
  } catch (error) {
    tell(error instanceof SyncError ? error.kind : String(error));
    throw error;
  }
}

interface Written {
  /** The point after the commit. */
  readonly at: 'afterCommit' | 'compared' | 'vanishedBegun' | 'claimed' | 'opened';
  readonly mode: SyncMode;
  readonly sequence: number;
}

/** What of the ledger a statement writes; null for all others. */
function writtenBy(sql: string, values: Readonly<Record<string, unknown>>): Written | null {
  const [, table] = /^(?:INSERT INTO|UPDATE) \S*(sync_batches|sync_claims|sync_runs)\b/.exec(sql) ?? [];
  const named = { mode: values['mode'] as SyncMode, sequence: Number(values['sequence'] ?? 0) };
  if (table === 'sync_claims') return { at: 'claimed', ...named };
  if (table === 'sync_runs' && sql.startsWith('INSERT')) return { at: 'opened', ...named };
  if (table !== 'sync_batches') return null;
  const batchId = String(values['batch_id']);
  if (batchId.endsWith('-compare')) return { at: 'compared', ...named };
  return { at: batchId.endsWith('-vanished') ? 'vanishedBegun' : 'afterCommit', ...named };
}

/** Around the COMMIT of a transaction that wrote the ledger. */
function watchCommits(): void {
  const run = Reflect.get(DuckDBConnection.prototype, 'run') as DuckDBConnection['run'];
  let written: Written | null = null;
  DuckDBConnection.prototype.run = async function (sql, values, types) {
    written = writtenBy(sql, (values ?? {}) as Record<string, unknown>) ?? written;
    if (sql === 'ROLLBACK') written = null;
    if (sql !== 'COMMIT' || written === null) return run.call(this, sql, values, types);
    const committed = written;
    written = null;
    if (committed.at === 'afterCommit') strike({ ...committed, at: 'beforeCommit' });
    const result = await run.call(this, sql, values, types);
    strike(committed);
    return result;
  };
}

/** A run that continues as new says so in the input of its next execution, which passes here on its way out and in. */
const continuationWatch: PayloadCodec = {
  async encode(payloads) {
    if (payloads.some(({ data }) => isContinuation(data))) strike({ at: 'continueAsNewSent' });
    return payloads;
  },
  async decode(payloads) {
    if (payloads.some(({ data }) => isContinuation(data))) strike({ at: 'continuationArrived' });
    return payloads;
  },
};

function isContinuation(data: Uint8Array | null | undefined): boolean {
  return data != null && Buffer.from(data).includes('"continued":{');
}

if (isMainThread && plan.length > 0) {
  watchCommits();
  const create = Worker.create.bind(Worker);
  Worker.create = (options: WorkerOptions) =>
    create({
      ...options,
      activities: sabotaged(options.activities as Activities),
      dataConverter: { payloadCodecs: [continuationWatch] },
    });
}
