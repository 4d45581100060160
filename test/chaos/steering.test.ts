import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../activities/checkpoint.ts';
import { ChaosWorld, contacts } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

/** So slow that one chunk of this size lasts for most of a minute. */
const slowAccount = { limits: { burst: 20 } };

/** What a person sees of the stream. */
async function statusText(world: ChaosWorld): Promise<string> {
  const status = world.sandbox.cli(['status', contacts], 'pipe');
  let text = '';
  status.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(status, 'close');
  return text;
}

describe.concurrent('a backfill', () => {
  it('that meets the daily limit waits for its reset, through a kill', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 10_000, seed: 1_001, chunkRecords: 1_000 });
    const worker = world.startWorker();
    await worker.ready;
    const dailyResetsAt = new Date(Date.now() + 30_000).toISOString();
    world.simulator.configure({ limits: { daily: 45, dailyResetsAt } });
    const run = await world.start();
    const waiting = await eventually(
      'it waits',
      async () => {
        const progress = await world.progress();
        return progress?.phase === 'waiting' && progress.stagedBatches === 0 ? progress : null;
      },
      28_000,
    );
    expect(waiting.wait).toMatchObject({ reason: 'HubSpot daily limit', until: dailyResetsAt });
    expect(waiting.totals.read).toBeGreaterThan(1_000);
    const { raw } = await run.describe();
    expect(raw.pendingActivities ?? []).toEqual([]);
    expect(await statusText(world)).toMatch(/Waiting .*: HubSpot daily limit until/);
    await worker.stop('SIGKILL');
    // Whoever asked before the reset would now be answered, and so be found out.
    world.simulator.configure({ limits: { daily: 10_000 } });
    const sent = world.requests;
    const other = world.startWorker();
    await sleep(Date.parse(dailyResetsAt) - Date.now() - 500);
    expect(world.requests).toBe(sent);
    await eventually('it goes on after the reset', () => world.requests > sent);
    const result = await run.result();
    await other.stop();
    const { batches, watermark } = await expectWhole(world);
    expect(total(batches, 'inserted')).toBe(10_000);
    expect(result.totals).toMatchObject({ read: 10_000, inserted: 10_000 });
    expect(watermark).not.toBeNull();
  });

  it('hands back a short chunk on SIGTERM, and the next worker goes on at once', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 10_000,
      seed: 1_101,
      chunkRecords: 5_000,
      simulator: slowAccount,
    });
    const worker = world.startWorker();
    const run = await world.start();
    await eventually('a chunk is being read', () => world.requests >= 15, 60_000);
    const stopAtMs = Date.now();
    await worker.stop('SIGTERM');
    const stopMs = Date.now() - stopAtMs;
    world.simulator.configure({ limits: { burst: null } });
    const sent = world.requests;
    const other = world.startWorker();
    await other.ready;
    const readyAtMs = Date.now();
    await eventually('the next worker reads', () => world.requests > sent);
    const idleMs = Date.now() - readyAtMs;
    const result = await run.result();
    await other.stop();
    const { batches } = await expectWhole(world);
    console.log(`the worker ended ${stopMs} ms after SIGTERM; the next one read ${idleMs} ms after it was ready`);
    // A worker that does not hand back reads on for the whole grace time; a run that waits for a heartbeat loses 10 s.
    expect(stopMs).toBeLessThan(10_000);
    expect(idleMs).toBeLessThan(5_000);
    expect(Number(batches[0]!['read'])).toBeGreaterThan(500);
    expect(Number(batches[0]!['read'])).toBeLessThan(5_000);
    expect(total(batches, 'inserted')).toBe(10_000);
    expect(total(batches, 'read')).toBe(10_000);
    expect(result.totals.read).toBe(10_000);
  });

  it('whose worker is killed within a chunk reads again only what was not closed', { timeout: 120_000 }, async () => {
    const count = 10_000;
    await using world = await ChaosWorld.open({
      contacts: count,
      seed: 1_103,
      chunkRecords: count,
      records: { companies: 200 },
      streams: { companies: {} },
      simulator: { limits: { burst: 60 } },
    });
    const killed = world.startWorker();
    const run = await world.start();
    const stages = join(world.folder, '.sluice', 'stage', contacts, 'backfill');
    const closedRecords = (): number => {
      const [index] = globSync(join(stages, '*', '*', 'checkpoint.json'));
      if (index === undefined) return 0;
      return (JSON.parse(readFileSync(index, 'utf8').split('\n')[1]!) as Checkpoint).state.records;
    };
    await eventually('half is closed', () => closedRecords() >= count / 2, 60_000);
    await killed.stop('SIGKILL');
    world.simulator.configure({ limits: { burst: null } });
    const listed = (): number => world.simulator.stats.snapshot()['list contacts']?.requests ?? 0;
    const sent = listed();
    const other = world.startWorker();
    const result = await run.result();
    await other.stop();
    const { batches } = await expectWhole(world);
    expect(batches).toHaveLength(1);
    expect(total(batches, 'inserted')).toBe(count);
    expect(total(batches, 'read')).toBe(count);
    expect(await world.compareAssociations('contacts', 'companies')).toMatchObject({
      missing: { count: 0 },
      extra: { count: 0 },
    });
    const asked = listed() - sent;
    console.log(`${sent} list requests before the kill, ${asked} after it, of ${count / 100} for all`);
    // Of the other half; where many cursors part few records, some pages bring little.
    expect(asked).toBeLessThan(count / 100);
    // What the killed worker asked for what it had closed is counted.
    expect(result.requests.requests).toBeGreaterThanOrEqual(count / 100);
  });

  it('loses no merge to a SIGTERM that interrupts it', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({ contacts: 8_000, seed: 1_102, chunkRecords: 1_000 });
    const slowMerge: Harm = { at: 'mergeStarts', sequence: 3, does: 'linger' };
    const sabotage = planSabotage(world.folder, [slowMerge]);
    const worker = world.startWorker(sabotage);
    const run = await world.start();
    await eventually('the merge has begun', () => sabotage.isDone(slowMerge), 60_000);
    await worker.stop('SIGTERM');
    const other = world.startWorker();
    const result = await run.result();
    await other.stop();
    const { batches } = await expectWhole(world);
    expect(total(batches, 'inserted')).toBe(8_000);
    expect(result.totals).toMatchObject({ read: 8_000, inserted: 8_000 });
  });

  it('paused within a chunk sends nothing more, and goes on when resumed', { timeout: 120_000 }, async () => {
    await using world = await ChaosWorld.open({
      contacts: 10_000,
      seed: 1_201,
      chunkRecords: 5_000,
      simulator: slowAccount,
    });
    const worker = world.startWorker();
    const run = await world.start();
    await eventually('a chunk is being read', () => world.requests >= 15, 60_000);
    const pausing = world.sandbox.cli(['pause', contacts, '--note', 'quota'], 'pipe');
    const [code] = (await once(pausing, 'close')) as [number];
    expect(code).toBe(0);
    const progress = await eventually('paused', async () => {
      const seen = await world.progress();
      return seen?.phase === 'paused' ? seen : null;
    });
    expect(progress.paused?.note).toBe('quota');
    expect(progress.batches).toBe(1);
    await sleep(Math.max(0, Date.parse(progress.paused!.at) + 3_000 - Date.now()));
    const sent = world.requests;
    world.simulator.configure({ limits: { burst: null } });
    await sleep(4_000);
    expect(world.requests).toBe(sent);

    const resuming = world.sandbox.cli(['resume', contacts], 'pipe');
    expect(((await once(resuming, 'close')) as [number])[0]).toBe(0);
    const result = await run.result();
    await worker.stop();
    const { batches } = await expectWhole(world);
    expect(Number(batches[0]!['read'])).toBeLessThan(5_000);
    expect(total(batches, 'inserted')).toBe(10_000);
    expect(total(batches, 'read')).toBe(10_000);
    expect(result.totals.read).toBe(10_000);
  });
});
