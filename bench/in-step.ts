import { setTimeout as sleep } from 'node:timers/promises';
import type { IncrementalResult, ReconcileResult } from '../workflows/messages.ts';
import { measured, seconds, type Measurement } from './measurement.ts';
import { BenchSystem, type RunFigures } from './system.ts';

/** HubSpot's published limits: requests per ten seconds, searches per second. */
const burst = 190;
const search = 5;
/** Short, so that the hits of one scenario are not those of the next. */
const overlapMs = 5_000;
/** Hits of one search, and records of one list page. */
const searchHits = 200;
const pageRecords = 100;

/** What keeping an account of this size in step costs, at the published limits. Every run is compared with the source. */
export async function* inStep(options: { contacts: number; latencyMs: number }): AsyncGenerator<Measurement[]> {
  const { contacts, latencyMs } = options;
  const stream = { incremental: { overlap: `${overlapMs / 1_000}s` } };
  await using system = await BenchSystem.start(
    { records: { contacts }, limits: { burst: null, search: null } },
    { streams: { contacts: stream } },
  );
  await system.backfill();
  await system.control('settings', { limits: { burst, search }, latencyMs });
  // What was sent without a limit has to leave the simulator's window first.
  await sleep(11_000);
  const label = (what: string): string => `${what}, ${contacts.toLocaleString('en-US')} contacts, ${latencyMs} ms`;

  const idle = await requestsOf(system, () => system.run<IncrementalResult>('incremental'));
  yield [
    measured(label('nothing changed'), `${idle.requests} requests, ${idle.run.result.batches} merges`, {
      target: '≤ 4, 0',
      isMet: idle.requests <= 4 && idle.run.result.batches === 0,
    }),
  ];

  await system.control('change/contacts', { count: 1, seed: 1 });
  const one = await requestsOf(system, () => system.run<IncrementalResult>('incremental'));
  yield [
    measured(
      label('1 changed'),
      `${one.requests} requests, ${one.run.result.batches} merge, ${seconds(one.run.runMs)}`,
      {
        target: '1 merge',
        isMet: one.run.result.batches === 1 && one.run.result.totals.updated === 1,
      },
    ),
  ];

  await system.control('change/contacts', { count: 500, seed: 2 });
  await system.control('create/contacts', { count: 50 });
  const some = await requestsOf(system, () => system.run<IncrementalResult>('incremental'));
  yield [
    measured(
      label('500 changed, 50 new'),
      `${some.requests} requests, ${written(some.run)}, ${seconds(some.run.runMs)}`,
      {
        target: '≤ 14',
        isMet: some.requests <= 14 && some.run.result.totals.inserted === 50,
      },
    ),
  ];

  await sleep(overlapMs + 1_000);
  for (let part = 0; part < 10; part++) await system.control('change/contacts', { count: 1_000, seed: 10 + part });
  yield [
    changes(label('10,000 changed'), await system.run<IncrementalResult>('incremental'), {
      records: 10_000,
      most: 1.2,
    }),
  ];
  await sleep(overlapMs + 1_000);
  await system.control('change/contacts', { count: 25_000, seed: 30 });
  yield [
    changes(label('25,000 changed in one millisecond'), await system.run<IncrementalResult>('incremental'), {
      records: 25_000,
      most: 1.3,
    }),
  ];

  const before = await system.rateLimited();
  const listed = await requestsOf(system, () => system.run<ReconcileResult>('reconcile'));
  const calls = contacts / pageRecords;
  const floorMs = (calls / burst) * 10_000;
  yield [
    measured(label('reconcile'), `${listed.requests} requests, ${seconds(listed.run.runMs)} / ${seconds(floorMs)}`, {
      target: `≤ 1.1 × ${calls} calls`,
      isMet: listed.requests <= 1.1 * calls,
    }),
    measured(label('all of the above'), `${before} × 429 before and ${await system.rateLimited()} after`, {
      target: '0',
      isMet: (await system.rateLimited()) === 0,
    }),
  ];
  await system.requireEqual();
}

function changes(
  scenario: string,
  { result, runMs }: RunFigures<IncrementalResult>,
  { records, most }: { records: number; most: number },
): Measurement {
  const searchesMs = (records / searchHits / search) * 1_000;
  const floorMs = searchesMs + (records / pageRecords / burst) * 10_000;
  const ratio = runMs / floorMs;
  const figure = `${ratio.toFixed(2)} × the floor (${seconds(runMs)} / ${seconds(floorMs)}), ${(runMs / searchesMs).toFixed(2)} × its searches alone, ${result.totals.updated.toLocaleString('en-US')} updated, ${result.requests.requests} requests`;
  return measured(scenario, figure, {
    target: `≤ ${most} ×`,
    isMet: ratio <= most && result.totals.updated > records * 0.95,
  });
}

function written({ result }: RunFigures<IncrementalResult>): string {
  return `${result.totals.updated} updated, ${result.totals.inserted} inserted`;
}

async function requestsOf<T>(system: BenchSystem, work: () => Promise<T>): Promise<{ run: T; requests: number }> {
  const before = await system.requests();
  const run = await work();
  return { run, requests: (await system.requests()) - before };
}
