/**
 * Program text for `node --import`: a worker that loads it first does harm to itself at named points, each once, as
 * told by `planSabotage`. The product's code knows nothing of it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { DuckDBConnection } from '@duckdb/node-api';
import type { PayloadCodec } from '@temporalio/common';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../../activities/create-activities.ts';
import type { Stage } from '../../model/batch.ts';
import { sabotageFolder, sabotagePlan, type Harm, type SabotagePoint } from './sabotage-plan.ts';

/** DuckDB files are let go of two seconds after their last use. */
const untilFileIsReleasedMs = 3_000;

const plan: readonly Harm[] = JSON.parse(process.env[sabotagePlan] ?? '[]') as Harm[];
const folder = process.env[sabotageFolder] ?? '';

/** What is to happen now, if it has not happened yet. Marks it as done first, since it may be the last thing done. */
function due(at: SabotagePoint, sequence: number | null): Harm | undefined {
  const harm = plan.find((entry) => entry.at === at && (entry.sequence === undefined || entry.sequence === sequence));
  if (harm === undefined) return undefined;
  const marker = join(folder, `${harm.at}-${harm.sequence ?? 'any'}`);
  if (existsSync(marker)) return undefined;
  writeFileSync(marker, '');
  return harm;
}

function strike(at: SabotagePoint, sequence: number | null): void {
  const harm = due(at, sequence);
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
      const harm = due('staged', input.sequence);
      if (harm?.does === 'kill') process.kill(process.pid, 'SIGKILL');
      else if (harm !== undefined) harmStage(result.batch.stage, harm);
      return result;
    },
    async mergeChunk(input) {
      const harm = due('mergeStarts', input.batch.sequence);
      if (harm !== undefined) await sleep(untilFileIsReleasedMs);
      if (harm?.does === 'stop') process.kill(process.pid, 'SIGSTOP');
      return activities.mergeChunk(input);
    },
  };
}

/** Around the COMMIT of a transaction that wrote the ledger. */
function watchCommits(): void {
  const run = Reflect.get(DuckDBConnection.prototype, 'run') as DuckDBConnection['run'];
  let sequence: number | null = null;
  DuckDBConnection.prototype.run = async function (sql, values, types) {
    if (/^INSERT INTO \S*sync_batches/.test(sql)) {
      sequence = Number((values as Record<string, unknown> | undefined)?.['sequence']);
    }
    if (sql !== 'COMMIT' || sequence === null) return run.call(this, sql, values, types);
    const committed = sequence;
    sequence = null;
    strike('beforeCommit', committed);
    const result = await run.call(this, sql, values, types);
    strike('afterCommit', committed);
    return result;
  };
}

/** A run that continues as new says so in the input of its next execution, which passes here on its way out and in. */
const continuationWatch: PayloadCodec = {
  async encode(payloads) {
    if (payloads.some(({ data }) => isContinuation(data))) strike('continueAsNewSent', null);
    return payloads;
  },
  async decode(payloads) {
    if (payloads.some(({ data }) => isContinuation(data))) strike('continuationArrived', null);
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
