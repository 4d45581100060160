import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCopySchedule } from '../../destinations/duckdb/copy-schedule.ts';
import { SyncError } from '../../model/errors.ts';

describe('when a read copy is published', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Publishes that take `tookMs`, and fail while `fails` says so. */
  function watch({ tookMs = 0, fails = () => false }: { tookMs?: number; fails?: () => boolean } = {}) {
    const startedMs: number[] = [];
    const schedule = createCopySchedule(async () => {
      startedMs.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      if (fails()) throw new SyncError('Unavailable', 'the disk is full');
    });
    const beganMs = performance.now();
    return { schedule, startedAfterSeconds: () => startedMs.map((atMs) => Math.round((atMs - beganMs) / 1_000)) };
  }

  it('at once, then once a minute at most, whatever is asked for meanwhile', async () => {
    const { schedule, startedAfterSeconds } = watch();
    schedule.request();
    await vi.advanceTimersByTimeAsync(10_000);
    schedule.request();
    schedule.request();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(startedAfterSeconds()).toEqual([0, 60]);
  });

  it('with pauses ten times as long as the copying', async () => {
    const { schedule, startedAfterSeconds } = watch({ tookMs: 20_000 });
    schedule.request();
    await vi.advanceTimersByTimeAsync(30_000);
    schedule.request();
    await vi.advanceTimersByTimeAsync(500_000);
    expect(startedAfterSeconds()).toEqual([0, 220]);
  });

  it('again for what changed while it was copied', async () => {
    const { schedule, startedAfterSeconds } = watch({ tookMs: 1_000 });
    schedule.request();
    await vi.advanceTimersByTimeAsync(500);
    schedule.request();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(startedAfterSeconds()).toEqual([0, 61]);
  });

  it('again after a failure, which is told until it is over', async () => {
    let isFull = true;
    const { schedule, startedAfterSeconds } = watch({ fails: () => isFull });
    schedule.request();
    await vi.advanceTimersByTimeAsync(70_000);
    expect(startedAfterSeconds()).toEqual([0, 60]);
    expect(schedule.lastFailure()).toMatchObject({ message: 'the disk is full' });
    isFull = false;
    await vi.advanceTimersByTimeAsync(200_000);
    expect(startedAfterSeconds()).toEqual([0, 60, 120]);
    expect(schedule.lastFailure()).toBeNull();
  });

  it('at the close, if something is due, and never afterwards', async () => {
    const { schedule, startedAfterSeconds } = watch();
    schedule.request();
    await vi.advanceTimersByTimeAsync(1_000);
    schedule.request();
    const closing = schedule.close();
    await vi.advanceTimersByTimeAsync(0);
    await closing;
    schedule.request();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(startedAfterSeconds()).toEqual([0, 1]);
  });
});
