import type { RequestCounts } from '../model/batch.ts';
import type { Destination } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import type { SourceFrontier } from '../model/frontier.ts';
import { countHeld, heldMode, type HeldChanges, type HoldDecision } from '../model/held-changes.ts';
import { columnLayout, type StreamPlan } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import type { RemoteStages } from '../model/remote-stages.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ActivityDeps } from './deps.ts';
import { digestOf } from './digest.ts';
import { mintBatch } from './extract-chunk.ts';
import type { RunName } from './open-planned-run.ts';
import { planDigest } from './plan-digest.ts';
import type { StagedChunk } from './stage-chunk.ts';
import { uploadStage } from './upload-stage.ts';
import { removeUploaded, uploadedRun } from './uploaded-runs.ts';

/** What is read into this machine's folder has no other place where a later run would find it. */
export function requireStages({ stream, hold, destination: name }: StreamSettings, { stages }: Destination): void {
  if (hold === null || stages !== null) return;
  throw new SyncError('ConfigInvalid', `${stream}: destination ${name} has no stage in which changes could wait`, {
    next: 'remove apply.interval, which saves nothing there',
  });
}

/** Names what has to be the same for changes staged before to be merged with those of now. */
export function heldPlanName(plan: StreamPlan, destinationIdentity: string): string {
  const tables = plan.associations.map(({ to, table }) => [to, table.schema, table.table]);
  return digestOf([planDigest(plan, destinationIdentity), tables]).slice(0, 32);
}

/** Uploads what a run has found to what is held already. Nothing of it takes a claim or a ledger row. */
export async function holdChunk(
  deps: Pick<ActivityDeps, 'knownVersions'>,
  facts: {
    readonly stages: RemoteStages;
    readonly input: RunName;
    readonly plan: StreamPlan;
    readonly planName: string;
    readonly access: string | null;
    readonly decision: Extract<HoldDecision, { kind: 'hold' }>;
    readonly held: HeldChanges | null;
    readonly chunk: StagedChunk & { readonly stage: NonNullable<StagedChunk['stage']> };
    readonly frontier: SourceFrontier;
    /** Once everything found is merged. */
    readonly positions: Positions;
    /** Of the whole run so far. */
    readonly requests: RequestCounts;
  },
  signal: AbortSignal,
): Promise<HeldChanges> {
  const { stages, input, plan, planName, access, decision, held, chunk, frontier, positions, requests } = facts;
  const { since, dueAt } = decision;
  const run = uploadedRun({ ...input, mode: heldMode, run: held?.run ?? input.run }, plan.table);
  // What nobody knew of any more, since a schedule forgot what its last run had left.
  if (held === null) await stages.removeOtherRuns(run, signal);
  const stage = await uploadStage({ stages, stage: chunk.stage, run }, signal);
  const sequence = (held?.batches.length ?? 0) + 1;
  const position = { run: input.run, sequence, predecessor: null, frontier };
  const batch = mintBatch(deps, position, { ...chunk, stage, requests });
  return {
    run: run.run,
    since,
    dueAt,
    positions,
    batches: held === null ? [batch] : [...held.batches, batch],
    plan: planName,
    layout: columnLayout(plan),
    access,
  };
}

/** Their records are to be read again. */
export async function dropHeld(
  deps: Pick<ActivityDeps, 'log'>,
  {
    settings,
    stages,
    held,
    reason,
  }: { settings: StreamSettings; held: HeldChanges; reason: string } & Pick<Destination, 'stages'>,
  signal: AbortSignal,
): Promise<void> {
  const { stream, table } = settings;
  deps.log.warn({ stream, changes: countHeld(held.batches), reason }, 'staged changes are read again');
  await removeUploaded(deps, { stages, run: uploadedRun({ stream, mode: heldMode, run: held.run }, table) }, signal);
}
