import { measured, measuredPeak, median, seconds, type Measurement } from './measurement.ts';
import { BenchSystem } from './system.ts';

const pageRecords = 100;
const connections = 16;

/** Against the published limit: start to closed run, over the time that the limit alone makes the pages take. */
export async function atTheLimit(options: {
  contacts: number;
  latencyMs: number;
  spread: 'even' | 'clustered';
}): Promise<Measurement[]> {
  const { contacts, latencyMs, spread } = options;
  await using system = await BenchSystem.start({ records: { contacts }, limits: { burst: 190 }, latencyMs, spread });
  const { runMs, result } = await system.backfill();
  const rateLimited = await system.rateLimited();
  await system.requireEqual();
  const floorMs = (contacts / pageRecords / 190) * 10_000;
  const ratio = runMs / floorMs;
  const scenario = `${contacts.toLocaleString('en-US')} contacts, 190 per 10 s, ${latencyMs} ms, ${spread} ids`;
  return [
    measured(
      scenario,
      `${ratio.toFixed(3)} × the floor (${seconds(runMs)} / ${seconds(floorMs)}), ${result.requests.requests} requests`,
      {
        target: '≤ 1.08 ×',
        isMet: ratio <= 1.08,
      },
    ),
    measured(scenario, `${rateLimited} × 429`, { target: '0', isMet: rateLimited === 0 }),
  ];
}

/** Against a bare download of the same pages: all that Sluice adds, in pairs of runs, since machines drift. */
export async function unlimited(options: { contacts: number; pairs: number }): Promise<Measurement[]> {
  const { contacts, pairs } = options;
  const scenario = `${contacts.toLocaleString('en-US')} contacts, no limit, no latency`;
  const ratios: number[] = [];
  const rates: number[] = [];
  let eventsPerChunk = 0;
  let second = '';
  let untouched = false;
  for (let pair = 0; pair < pairs; pair++) {
    await using system = await BenchSystem.start({ records: { contacts }, limits: { burst: null }, spread: 'even' });
    const bare = await system.bareDownload(connections);
    if (bare.records !== contacts) throw new Error(`the bare client read ${bare.records} records`);
    const run = await system.backfill();
    ratios.push(run.runMs / bare.elapsedMs);
    rates.push((contacts / run.runMs) * 1_000);
    eventsPerChunk = Math.max(eventsPerChunk, run.historyEvents / run.result.batches);
    if (pair < pairs - 1) continue;
    await system.requireEqual();
    const again = await system.backfill();
    const { inserted, updated, unchanged } = again.result.totals;
    second = `${inserted} inserted, ${updated} updated, ${unchanged.toLocaleString('en-US')} unchanged in ${seconds(again.runMs)}`;
    untouched = inserted === 0 && updated === 0 && unchanged === contacts;
  }
  const ratio = median(ratios);
  const rate = median(rates);
  return [
    measured(scenario, `${ratio.toFixed(2)} × a bare download (${ratios.map((r) => r.toFixed(2)).join(', ')})`, {
      target: '≤ 2 ×',
      isMet: ratio <= 2,
    }),
    measured(scenario, `${Math.round(rate).toLocaleString('en-US')} records/s`, {
      target: '≥ 15,000',
      isMet: rate >= 15_000,
    }),
    measured(scenario, `${eventsPerChunk.toFixed(1)} history events per chunk`, {
      target: '≤ 14',
      isMet: eventsPerChunk <= 14,
    }),
    measured('the same backfill again, nothing changed', second, { target: '0 / 0', isMet: untouched }),
  ];
}

/** Peak memory of the worker at two sizes: it has to stay where it is. */
export async function memory(sizes: readonly number[]): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const contacts of sizes) {
    await using system = await BenchSystem.start({ records: { contacts }, limits: { burst: null }, spread: 'even' });
    const { peakWorkerBytes, runMs } = await system.backfill();
    const scenario = `${contacts.toLocaleString('en-US')} contacts, no limit`;
    measurements.push(measuredPeak(scenario, peakWorkerBytes, { note: `, ${seconds(runMs)}` }));
  }
  return measurements;
}
