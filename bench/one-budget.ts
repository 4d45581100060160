import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allIds } from '../model/id-range-pool.ts';
import type { Source } from '../model/source.ts';
import { spawnHubspotSimulator } from '../simulators/hubspot/spawn.ts';
import { openHubSpotSource } from '../sources/hubspot/source.ts';
import { contactsPlan, nothingKept } from './contacts-plan.ts';
import { limitUse, type Sample } from './limit-use.ts';
import { measured, percentile, type Measurement } from './measurement.ts';
import { ReadingProcesses } from './reading-processes.ts';

/** HubSpot's published limit: requests per ten seconds. */
const limit = 190;
const windowMs = 10_000;
const sampleEveryMs = 50;
/** Each phase of reading is longer than two windows. */
const phaseMs = 25_000;
const runs = 20;
const betweenRunsMs = 1_000;
const never = new AbortController().signal;

/** What is left of an account's limit when processes share it, and what it does to those who wait for few requests. */
export async function* oneBudget(options: { latencyMs: number }): AsyncGenerator<Measurement[]> {
  const { latencyMs } = options;
  for (const processes of [1, 3]) yield await used({ latencyMs, processes });
  yield await besideBackfills({ latencyMs, backfills: 13, processes: 3 });
}

/** One process, or several; of several one is killed in the end. */
async function used({ latencyMs, processes }: { latencyMs: number; processes: number }): Promise<Measurement[]> {
  await using account = await Account.open({ latencyMs });
  const reading = Array.from({ length: processes }, () => account.processes.start({ backfills: 1 }));
  await account.untilRead();
  const fromMs = performance.now();
  await sleep(phaseMs);
  const shares = [{ who: processes === 1 ? 'one process' : `${processes} processes`, share: account.used(fromMs) }];
  if (processes > 1) {
    const killedAtMs = performance.now();
    await reading[0]!.kill();
    await sleep(phaseMs);
    shares.push({ who: `the other ${processes - 1} from a kill -9 of one on`, share: account.used(killedAtMs) });
  }
  const { peak, rateLimited } = await account.traffic();
  return [
    ...shares.map(({ who, share }) =>
      measured(`${who} at ${limit} per 10 s, ${latencyMs} ms`, `${(share * 100).toFixed(1)} % of the limit`, {
        target: '≥ 90 %',
        isMet: share >= 0.9,
      }),
    ),
    measured(`the same`, `${peak} pages in the fullest 10 s, ${rateLimited} × 429`, {
      target: `≤ ${limit}, 0`,
      isMet: peak <= limit && rateLimited === 0,
    }),
  ];
}

/** Incremental runs as far as the source sees them: what changed is searched for and read, and the records are counted. */
async function besideBackfills(options: {
  latencyMs: number;
  backfills: number;
  processes: number;
}): Promise<Measurement[]> {
  const { latencyMs, backfills, processes } = options;
  await using account = await Account.open({ latencyMs });
  const alone = await account.incrementalRuns();
  for (let i = 0; i < processes; i++) {
    account.processes.start({ backfills: Math.floor((backfills + i) / processes) });
  }
  await account.untilRead();
  // The first window is spent at once; a run that nobody expected may meet it, and has the ones after it spread.
  await account.incrementalRun();
  await sleep(windowMs);
  const fromMs = performance.now();
  const beside = await account.incrementalRuns();
  const share = account.used(fromMs);
  const { rateLimited } = await account.traffic();
  const ratio = percentile(beside, 0.95) / percentile(alone, 0.95);
  const figures = [alone, beside].map((times) => `${Math.round(percentile(times, 0.95))} ms`);
  const scenario = `incremental runs of 300 changes beside ${backfills} backfills in ${processes} processes`;
  return [
    measured(scenario, `p95 ${ratio.toFixed(2)} × alone (${figures[1]} / ${figures[0]}), ${runs} runs`, {
      target: '≤ 2 ×',
      isMet: ratio <= 2,
    }),
    measured('the same', `backfills and runs use ${(share * 100).toFixed(1)} % of the limit, ${rateLimited} × 429`, {
      target: '≥ 90 %, 0',
      isMet: share >= 0.9 && rateLimited === 0,
    }),
  ];
}

interface Traffic {
  readonly requests: number;
  readonly peak: number;
  readonly rateLimited: number;
}

/** A simulated account, a folder for its budget, and a look at its traffic from the account's side. */
class Account implements AsyncDisposable {
  readonly processes: ReadingProcesses;
  readonly #url: string;
  readonly #source: Source;
  readonly #stack: AsyncDisposableStack;
  readonly #samples: Sample[] = [];
  #changes = 0;

  static async open({ latencyMs }: { latencyMs: number }): Promise<Account> {
    await using stack = new AsyncDisposableStack();
    const budgetDir = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    stack.defer(() => rm(budgetDir, { recursive: true, force: true }));
    const simulator = await spawnHubspotSimulator({
      records: { contacts: 100_000 },
      limits: { burst: limit },
      latencyMs,
      spread: 'even',
    });
    stack.defer(() => simulator.stop());
    const source = openHubSpotSource(
      { kind: 'hubspot', accessToken: 'unused', baseUrl: simulator.url, apiVersion: '2026-03', timeoutMs: 30_000 },
      {
        log: { info() {}, error: console.error, warn: console.error },
        budgetDir,
        readAccessToken: () => Promise.resolve('pat-na1-simulator'),
      },
    );
    stack.defer(() => source.close());
    const processes = stack.use(new ReadingProcesses({ url: simulator.url, budgetDir }));
    return new Account({ url: simulator.url, source, processes, stack: stack.move() });
  }

  private constructor(parts: {
    url: string;
    source: Source;
    processes: ReadingProcesses;
    stack: AsyncDisposableStack;
  }) {
    this.#url = parts.url;
    this.#source = parts.source;
    this.processes = parts.processes;
    this.#stack = parts.stack;
    const sampling = new AbortController();
    const sampled = this.#sample(sampling.signal);
    this.#stack.defer(async () => {
      sampling.abort();
      await sampled;
    });
  }

  /** Share of the limit that was used since then. */
  used(fromMs: number): number {
    return limitUse(this.#samples, { limit, windowMs, fromMs, toMs: performance.now() });
  }

  /** What the account counted to its ten-second limit. */
  async traffic(): Promise<Traffic> {
    const response = await fetch(`${this.#url}/_sim/stats`);
    const stats = (await response.json()) as Record<
      string,
      { requests: number; rateLimited: number; peakTenSeconds: number }
    >;
    const { all, ...routes } = stats;
    const requests = Object.entries(routes).reduce(
      (sum, [route, tally]) => (route.startsWith('search') ? sum : sum + tally.requests),
      0,
    );
    return {
      requests,
      peak: Math.max(...Object.values(routes).map(({ peakTenSeconds }) => peakTenSeconds)),
      rateLimited: all?.rateLimited ?? 0,
    };
  }

  async untilRead(): Promise<void> {
    const { requests } = await this.traffic();
    while ((await this.traffic()).requests < requests + 10) await sleep(sampleEveryMs);
  }

  /** How long each took, in milliseconds, one after the other. */
  async incrementalRuns(): Promise<number[]> {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      times.push(await this.incrementalRun());
      await sleep(betweenRunsMs);
    }
    return times;
  }

  async incrementalRun(): Promise<number> {
    const from = new Date().toISOString();
    const body = JSON.stringify({ count: 300, seed: ++this.#changes });
    const changed = await fetch(`${this.#url}/_sim/change/contacts`, { method: 'POST', body });
    if (!changed.ok) throw new Error(await changed.text());
    const startedMs = performance.now();
    const { sourceNow } = await this.#source.describeObject('contacts', never, 'interactive');
    const to = new Date(Date.parse(sourceNow) + 1_000).toISOString();
    const outcome = await this.#source.extract({
      ...nothingKept,
      plan: contactsPlan,
      frontier: { kind: 'windows', property: 'lastmodifieddate', windows: [{ from, to, ranges: [allIds] }] },
      traffic: 'interactive',
    });
    await this.#source.countRecords('contacts', never, 'interactive');
    if (outcome.records !== 300) throw new Error(`an incremental run read ${outcome.records} records`);
    return performance.now() - startedMs;
  }

  async #sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { requests } = await this.traffic();
      this.#samples.push({ atMs: performance.now(), requests });
      await sleep(sampleEveryMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
