import { describe, expect, it } from 'vitest';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';
import { mergeOutcomes } from '../support/merge-outcomes.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

describe('a stage that is not what it was when it closed', () => {
  it('is read again, with all that was staged after it', async () => {
    await using world = await ChaosWorld.open({ contacts: 20_000, seed: 501, chunkRecords: 1_000 });
    const harms: Harm[] = [
      { at: 'staged', sequence: 3, does: 'loseStage' },
      { at: 'staged', sequence: 7, does: 'corruptStage' },
      { at: 'staged', sequence: 12, does: 'truncateStage' },
    ];
    const sabotage = planSabotage(world.folder, harms);
    const worker = world.startWorker(sabotage);
    const run = await world.start();
    const result = await run.result();
    await worker.stop();

    expect(harms.map(sabotage.isDone)).toEqual([true, true, true]);
    const rewinds = (await mergeOutcomes(run)).filter((outcome) => outcome.kind === 'rewind');
    expect(rewinds.map(({ reason, head }) => `${reason} at ${head.sequence + 1}`)).toEqual([
      'stageLost at 3',
      'stageLost at 7',
      'stageLost at 12',
    ]);
    const { batches } = await expectWhole(world);
    expect(total(batches, 'inserted')).toBe(20_000);
    expect(total(batches, 'read')).toBe(20_000);
    expect(result.totals).toMatchObject({ read: 20_000, inserted: 20_000 });
    expect(result.batches).toBe(batches.length);
  });
});
