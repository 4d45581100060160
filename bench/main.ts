/** Program: `npm run bench [-- --only limit,step,budget,unlimited,memory,schedules,snowflake]` prints what runs cost, as ratios of one run. */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { inStep } from './in-step.ts';
import { manySchedules } from './many-schedules.ts';
import type { Measurement } from './measurement.ts';
import { oneBudget } from './one-budget.ts';
import { atTheLimit, memory, unlimited } from './scenarios.ts';
import { intoSnowflake } from './snowflake.ts';

const suites: Readonly<Record<string, () => AsyncIterable<Measurement[]>>> = {
  async *unlimited() {
    yield await unlimited({ contacts: 200_000, pairs: 3 });
  },
  async *memory() {
    yield await memory([200_000, 1_000_000]);
  },
  async *step() {
    for (const latencyMs of [150, 350]) yield* inStep({ contacts: 200_000, latencyMs });
  },
  async *budget() {
    yield* oneBudget({ latencyMs: 150 });
  },
  schedules: () => manySchedules({ streams: 200 }),
  snowflake: () => intoSnowflake({ contacts: 200_000 }),
  async *limit() {
    for (const spread of ['even', 'clustered'] as const) {
      for (const latencyMs of [150, 350]) yield await atTheLimit({ contacts: 200_000, latencyMs, spread });
    }
  },
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = values.only?.split(',') ?? Object.keys(suites);
const unknown = chosen.find((name) => !Object.hasOwn(suites, name));
if (unknown !== undefined) {
  process.stderr.write(`error: no suite "${unknown}"; there is ${Object.keys(suites).join(', ')}\n`);
  process.exit(2);
}

const [cpu] = cpus();
const memoryGib = Math.round(totalmem() / 2 ** 30);
process.stdout.write(
  `Machine: ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memoryGib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}; simulator, Temporal and worker share it.\n\n`,
);
process.stdout.write('| scenario | measured | target | met |\n|---|---|---|---|\n');
for (const name of chosen) {
  for await (const measurements of suites[name]!()) {
    for (const { scenario, figure, target, isMet } of measurements) {
      const met = isMet === null ? '–' : isMet ? 'yes' : 'NO';
      process.stdout.write(`| ${scenario} | ${figure} | ${target ?? '–'} | ${met} |\n`);
    }
  }
}
