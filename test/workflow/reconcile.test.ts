import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Differences } from '../../model/comparison.ts';
import {
  approveDeletesUpdate,
  pauseSignal,
  resumeSignal,
  type BackfillResult,
  type PendingApproval,
  type ReconcileResult,
} from '../../workflows/messages.ts';
import { approve } from '../support/approve.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { progressOf, WorkflowWorld, type RunHandle } from '../support/workflow-world.ts';

let stream = '';
let streamCount = 0;
let world: WorkflowWorld;

beforeAll(async () => {
  world = await WorkflowWorld.open();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  stream = `crm.reconciled${++streamCount}`;
});

const none: Differences = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };

function listing(differences: Partial<Differences>): FakeSteps {
  return Object.assign(new FakeSteps(20), { differences: { ...none, ...differences } });
}

async function pendingOf(handle: RunHandle): Promise<PendingApproval> {
  return eventually('needs approval', async () => {
    const { phase, approval } = await progressOf(handle);
    return phase === 'needs approval' ? approval : null;
  });
}

describe('reconcile', () => {
  it('lists, compares, repairs, and flags what vanished below the breaker', async () => {
    const fake = listing({ missing: 2, stale: 1, vanished: 3 });
    const result = await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(result).toMatchObject({
      mode: 'reconcile',
      vanished: { approval: 'notNeeded', differences: { missing: 2, vanished: 3 }, pending: null },
    });
    const steps = fake.log.filter((entry) => !/^(extract|merge) [12]$/.test(entry));
    expect(steps).toEqual([
      'plan',
      'compare',
      'extract 4',
      'merge 4',
      'flag aaa',
      'extract 6',
      'merge 6',
      'finish done',
    ]);
  });

  it('does no work where nothing differs', async () => {
    const fake = listing({});
    const result: ReconcileResult = await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(result.vanished).toMatchObject({ approval: 'notNeeded', digest: null });
    expect(fake.log.at(-2)).toBe('compare');
  });

  it('above the breaker it repairs, then waits, and flags only once approved', async () => {
    const fake = listing({ stale: 1, vanished: 400 });
    const result = await world.run(fake, { mode: 'reconcile', stream }, async (handle) => {
      const pending = await pendingOf(handle);
      expect(pending).toMatchObject({ vanished: 400, liveRows: 1_000, digest: 'a'.repeat(64) });
      expect(pending.reason).toContain('40.0 %');
      expect(fake.log).toContain('merge 4');
      expect(fake.log).not.toContain('flag aaa');
      const { run, digest } = pending;
      await approve(handle, { run, digest, by: 'anna' });
      return handle.result();
    });
    expect(result).toMatchObject({ vanished: { approval: 'approved', pending: null } });
    expect(fake.log).toContain('flag aaa');
  });

  it('refuses an approval of other rows, of another run, and of nothing', async () => {
    const fake = listing({ vanished: 400 });
    await world.run(fake, { mode: 'reconcile', stream }, async (handle) => {
      const { run, digest } = await pendingOf(handle);
      const refused = async (args: { run: string; digest: string }): Promise<string> => {
        const error = await approve(handle, args).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
        return String((error as WorkflowUpdateFailedError).cause?.message);
      };
      expect(await refused({ run, digest: 'b'.repeat(64) })).toContain('names other rows');
      expect(await refused({ run: 'another', digest })).toContain('names other rows');
      expect(fake.log).not.toContain('flag aaa');
      await handle.terminate();
    });
  });

  it('touches nothing where the credentials see something else, once the time is over', async () => {
    const fake = Object.assign(listing({ missing: 1, vanished: 1 }), { approvalWaitMs: 500 });
    const planned = fake.planned.bind(fake);
    fake.planned = (options) => ({ ...planned(options), access: { before: 'portal 1', now: 'portal 2' } });
    const result: ReconcileResult = await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(result.vanished).toMatchObject({ approval: 'lapsed' });
    expect(fake.log.slice(-2)).toEqual(['compare', 'finish done']);
  });

  it('flags nothing once the time for an approval is over', async () => {
    const fake = Object.assign(listing({ vanished: 400 }), { approvalWaitMs: 500 });
    const result: ReconcileResult = await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(result.vanished).toMatchObject({ approval: 'lapsed', pending: null });
    expect(fake.log).not.toContain('flag aaa');
    expect(fake.closed).toMatchObject({ status: 'done', error: expect.stringContaining('nobody approved') });
    expect(fake.reports).toMatchObject([
      { kind: 'approvalAsked', stream, mode: 'reconcile' },
      { kind: 'approvalOver' },
      { kind: 'done', isLapsed: true, bringsUpToDate: false },
    ]);
  });

  it('refuses an approval while nothing waits for one', async () => {
    const calm = Object.assign(listing({}), { chunkMs: 2_000 });
    await world.run(calm, { mode: 'reconcile', stream }, async (handle) => {
      const update = handle.executeUpdate(approveDeletesUpdate, { args: [{ run: 'x', digest: 'y' }] });
      await expect(update).rejects.toMatchObject({ cause: { message: expect.stringContaining('nothing waits') } });
      await handle.result();
    });
  });

  it('repairs nothing before it is approved, where the credentials see something else than before', async () => {
    const fake = listing({ missing: 1 });
    const planned = fake.planned.bind(fake);
    fake.planned = (options) => ({ ...planned(options), access: { before: 'portal 1', now: 'portal 2' } });
    await world.run(fake, { mode: 'reconcile', stream }, async (handle) => {
      const { run, digest, reason } = await pendingOf(handle);
      expect(reason).toBe('the credentials see portal 2, and the rows came from portal 1');
      expect(fake.log.at(-1)).toBe('compare');
      await approve(handle, { run, digest });
      await handle.result();
    });
    expect(fake.log.slice(-4)).toEqual(['compare', 'extract 4', 'merge 4', 'finish done']);
  });

  it('a pause while it waits for approval holds the flagging back until the resume', async () => {
    const fake = listing({ vanished: 400 });
    await world.run(fake, { mode: 'reconcile', stream }, async (handle) => {
      const { run, digest } = await pendingOf(handle);
      await handle.signal(pauseSignal, { by: 'anna' });
      await approve(handle, { run, digest });
      await eventually('paused', async () => (await progressOf(handle)).phase === 'paused');
      expect(fake.log.filter((entry) => entry.startsWith('extract')).at(-1)).toBe('extract 2');
      await handle.signal(resumeSignal, { by: 'anna' });
      await handle.result();
    });
    expect(fake.log.slice(-3)).toEqual(['extract 5', 'merge 5', 'finish done']);
  });

  it('reads doubtful work again in smaller parts', async () => {
    const fake = listing({ stale: 1 });
    const planned = fake.planned.bind(fake);
    fake.planned = (options) => ({ ...planned(options), chunkRecords: 20_000 });
    fake.doubtsAt.add(3);
    await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(fake.chunkSizes).toEqual([20_000, 20_000, 2_500]);
  });

  it('is left out with its reason, and closes nothing', async () => {
    const fake = Object.assign(listing({}), { leftOut: 'counts fit' });
    const result = await world.run(fake, { mode: 'reconcile', stream }, (handle) => handle.result());
    expect(result).toMatchObject({ startReason: 'counts fit', batches: 0, vanished: null });
    expect(fake.closed).toBeNull();
  });

  it('a comparison that fails closes the run as failed', async () => {
    const fake = listing({});
    fake.failsAt.set('compare', 'StateCorrupt');
    await world.run(fake, { mode: 'reconcile', stream }, (handle) => expect(handle.result()).rejects.toThrow());
    expect(fake.closed).toMatchObject({ status: 'failed', error: expect.stringContaining('StateCorrupt') });
  });

  it('continues as new in the middle of a listing and compares once', async () => {
    const fake = Object.assign(new FakeSteps(1_050), { chunkMs: 1, mergeMs: 1, differences: { ...none, stale: 1 } });
    await world.run(fake, { mode: 'reconcile', stream, maxCachedWorkflows: 10 }, (handle) => handle.result());
    expect(fake.log.filter((entry) => entry === 'compare')).toHaveLength(1);
    expect(fake.merged.size).toBe(1_050);
    expect(fake.reports.map(({ kind }) => kind)).toEqual(['done']);
  });
});

describe('softDelete', () => {
  it('reads the bin, repairs and never flags', async () => {
    const fake = listing({ doubtful: 2 });
    const result = await world.run(fake, { mode: 'softDelete', stream }, (handle) => handle.result());
    expect(result).toMatchObject({ mode: 'softDelete', vanished: { differences: { doubtful: 2 } } });
  });
});

describe('backfill with replace', () => {
  it('ends with the comparison of what was not read, under the breaker', async () => {
    const fake = Object.assign(listing({ vanished: 400 }), { comparesAfter: true });
    const input = { stream, replace: true };
    const result: BackfillResult = await world.run(fake, { mode: 'backfill', stream, input }, async (handle) => {
      const { run, digest } = await pendingOf(handle);
      await approve(handle, { run, digest });
      return handle.result();
    });
    expect(result.vanished).toMatchObject({ approval: 'approved' });
    expect(result.watermark).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('a scheduled run', () => {
  it('may have the time behind its id, and no other id', async () => {
    const fake = listing({});
    const scheduled = `reconcile/${stream}-2026-11-20T12:00:00Z`;
    await world.run(fake, { mode: 'reconcile', stream, workflowId: scheduled }, (handle) => handle.result());
    const other = { mode: 'reconcile', stream, workflowId: `reconcile/${stream}-mine` } as const;
    await world.run(fake, other, (handle) =>
      expect(handle.result()).rejects.toMatchObject({ cause: { message: expect.stringContaining('workflow id') } }),
    );
  });
});
