import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { Differences } from '../../model/comparison.ts';
import { pauseSignal, progressQuery, resumeSignal } from '../../workflows/messages.ts';
import { approve } from '../support/approve.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';

type Handle = WorkflowHandleWithFirstExecutionRunId;

/** A moment worth remembering: what a run that is open at a deploy may have behind it. */
export interface Situation {
  /** Beside the stream. */
  readonly input?: object;
  readonly prepare: () => FakeSteps;
  readonly act?: (handle: Handle, fake: FakeSteps) => Promise<unknown>;
  /** The history is taken after `act`, in the middle of the run. */
  readonly isOpen?: true;
}

/** Workflows by the first part of their ids. */
export type SituationsById = Readonly<Record<string, { readonly type: string; readonly situations: Situations }>>;

type Situations = Readonly<Record<string, Situation>>;

const none: Differences = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };

const slow = { chunkMs: 1_000 };
const quick = { chunkMs: 1, mergeMs: 1 };

function records(count: number, more: Partial<FakeSteps> = {}): FakeSteps {
  return Object.assign(new FakeSteps(count), more);
}

function listing(differences: Partial<Differences>, more: Partial<FakeSteps> = {}): FakeSteps {
  return records(20, { differences: { ...none, ...differences }, ...more });
}

function failingAt(step: string, fake: FakeSteps): FakeSteps {
  fake.failsAt.set(step, 'AuthRejected');
  return fake;
}

const reads = (sequence: number) => (_: Handle, fake: FakeSteps) =>
  eventually(`chunk ${sequence} is being read`, () => fake.log.includes(`extract ${sequence}`));

const reaches = (phase: string) => (handle: Handle) =>
  eventually(phase, async () => (await handle.query(progressQuery)).phase === phase);

async function pauses(handle: Handle, fake: FakeSteps): Promise<void> {
  await reads(2)(handle, fake);
  await handle.signal(pauseSignal, { by: 'anna', note: 'quota' });
  await reaches('paused')(handle);
}

async function pausesAndResumes(handle: Handle, fake: FakeSteps): Promise<void> {
  await pauses(handle, fake);
  await handle.signal(resumeSignal, { by: 'anna' });
}

async function approves(handle: Handle): Promise<void> {
  await reaches('needs approval')(handle);
  const { approval } = await handle.query(progressQuery);
  const { run, digest } = approval!;
  await approve(handle, { run, digest, by: 'anna' });
}

async function pausesBeforeApproval(handle: Handle): Promise<void> {
  await reaches('needs approval')(handle);
  await handle.signal(pauseSignal, { by: 'anna' });
  await approves(handle);
  await reaches('paused')(handle);
  await handle.signal(resumeSignal, { by: 'anna' });
}

async function cancels(handle: Handle, fake: FakeSteps): Promise<void> {
  await reads(1)(handle, fake);
  await handle.cancel();
}

const earlier = { fast: '2026-11-20T11:58:00.000Z', settled: '2026-11-20T11:00:00.000Z' };
const later = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };

const looked = {
  text: `Performing incremental sync from 2026-11-20T11:53:00.000Z to ${later.fast}`,
  standing: { generation: 1, ledgerPositions: earlier, positions: earlier, liveRows: 1_000 },
  positions: later,
  sourceRecords: 1_000,
  sourceNow: later.fast,
  earliestReconcileMs: 3_600_000,
  requests: { ...zeroRequests, requests: 3 },
};

function begins(fake: FakeSteps, begun: BegunIncrementalRun): FakeSteps {
  return Object.assign(fake, { begins: [begun] });
}

/** The first chunk comes with the beginning, or has to be read. */
function changes(fake: FakeSteps, { firstChunk }: { firstChunk: 'read' | 'unread' }): FakeSteps {
  const planned = { ...fake.planned({ comparesAfter: false }), positions: later };
  const batch = firstChunk === 'read' ? fake.firstBatch() : null;
  return begins(fake, { kind: 'begun', planned, batch, wait: null, ...looked });
}

const needsApproval = (more: Partial<FakeSteps> = {}): FakeSteps => listing({ stale: 1, vanished: 400 }, more);

export const situations: SituationsById = {
  backfill: {
    type: 'backfill',
    situations: {
      complete: { prepare: () => records(60) },
      running: { prepare: () => records(60, slow), act: reads(2), isOpen: true },
      paused: { prepare: () => records(40, { chunkMs: 300 }), act: pauses, isOpen: true },
      'paused-and-resumed': { prepare: () => records(40, { chunkMs: 300 }), act: pausesAndResumes },
      'ledger-ahead': { prepare: () => records(80, { ledgerAheadBy: 3 }) },
      'stage-lost': {
        prepare() {
          const fake = records(50, { mergeMs: 50 });
          fake.losesStageOf.add(2);
          return fake;
        },
      },
      waited: {
        prepare() {
          const fake = records(30);
          fake.waitsAt.set(2, { reason: 'HubSpot daily limit', until: new Date(Date.now() + 10_000).toISOString() });
          return fake;
        },
      },
      failed: { prepare: () => failingAt('extract 3', records(50)) },
      cancelled: { prepare: () => records(50, { chunkMs: 2_000 }), act: cancels },
      continued: { prepare: () => records(1_050, quick) },
      replaced: { input: { replace: true }, prepare: () => needsApproval({ comparesAfter: true }), act: approves },
    },
  },
  incremental: {
    type: 'incremental',
    situations: {
      idle: { prepare: () => begins(records(10), { kind: 'idle', ...looked }) },
      changed: { prepare: () => changes(records(10), { firstChunk: 'read' }) },
      running: { prepare: () => changes(records(60, slow), { firstChunk: 'unread' }), act: reads(2), isOpen: true },
      paused: {
        prepare: () => changes(records(40, { chunkMs: 300 }), { firstChunk: 'unread' }),
        act: pauses,
        isOpen: true,
      },
      continued: { prepare: () => changes(records(1_050, quick), { firstChunk: 'unread' }) },
      'needs-backfill': {
        prepare: () => begins(records(10), { kind: 'needsBackfill', reason: 'it was never backfilled completely' }),
      },
      'full-sync': {
        prepare: () =>
          begins(listing({}, { comparesAfter: true }), {
            kind: 'fullSync',
            reason: 'incremental sync is switched off',
          }),
      },
      failed: { prepare: () => failingAt('extract 2', changes(records(40), { firstChunk: 'unread' })) },
    },
  },
  'soft-delete': {
    type: 'softDelete',
    situations: {
      complete: { prepare: () => listing({ doubtful: 2 }) },
      running: { prepare: () => listing({ doubtful: 2 }, slow), act: reads(2), isOpen: true },
      paused: { prepare: () => listing({ doubtful: 2 }, { chunkMs: 300 }), act: pauses, isOpen: true },
      doubtful: {
        prepare() {
          const fake = listing({ doubtful: 2 });
          fake.doubtsAt.add(4);
          return fake;
        },
      },
      continued: { prepare: () => Object.assign(records(1_050, quick), { differences: { ...none, doubtful: 2 } }) },
      'left-out': { prepare: () => listing({}, { leftOut: 'crm.left_out has no table yet' }) },
      failed: { prepare: () => failingAt('extract 2', listing({})) },
    },
  },
  reconcile: {
    type: 'reconcile',
    situations: {
      complete: { prepare: () => listing({ missing: 2, stale: 1, vanished: 3 }) },
      running: { prepare: () => listing({ stale: 1 }, slow), act: reads(2), isOpen: true },
      paused: { prepare: () => listing({ stale: 1 }, { chunkMs: 300 }), act: pauses, isOpen: true },
      'needs-approval': { prepare: needsApproval, act: reaches('needs approval'), isOpen: true },
      approved: { prepare: needsApproval, act: approves },
      lapsed: { prepare: () => needsApproval({ approvalWaitMs: 500 }) },
      'paused-before-approval': { prepare: needsApproval, act: pausesBeforeApproval },
      continued: { prepare: () => Object.assign(records(1_050, quick), { differences: { ...none, stale: 1 } }) },
      'left-out': { input: { mayStretch: true }, prepare: () => listing({}, { leftOut: 'counts fit' }) },
      failed: { prepare: () => failingAt('compare', listing({})) },
    },
  },
  resync: {
    type: 'resync',
    situations: {
      complete: { input: { ids: ['1', '2'] }, prepare: () => records(10) },
      running: { input: { ids: ['1', '2'] }, prepare: () => records(30, slow), act: reads(1), isOpen: true },
      failed: { input: { ids: ['1', '2'] }, prepare: () => failingAt('extract 1', records(10)) },
    },
  },
  reset: {
    type: 'reset',
    situations: { complete: { input: { tableRows: 'keep' }, prepare: () => records(10) } },
  },
  inspect: {
    type: 'inspect',
    situations: {
      complete: {
        input: { verb: 'rows', streams: [] },
        prepare: () => records(0, { inspected: { verb: 'rows', counts: {} } }),
      },
      failed: { input: { verb: 'rows', streams: [] }, prepare: () => records(0) },
    },
  },
  mend: {
    type: 'mend',
    situations: {
      complete: {
        input: {
          lostRuns: [{ stream: 'crm.contacts', mode: 'backfill', run: 'run-1' }],
          stages: [{ stream: 'crm.contacts', mode: 'backfill', run: 'run-1' }],
        },
        prepare: () => records(0),
      },
      nothing: { prepare: () => records(0) },
    },
  },
};

/** The stream that a situation is played with. */
export function streamOf(name: string): string {
  return `crm.${name.replaceAll('-', '_')}`;
}
