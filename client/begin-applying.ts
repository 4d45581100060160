import { applySignal, type IncrementalResult } from '../workflows/messages.ts';
import { beginRun, nextRun, type BegunRun, type BeginOptions } from './begin-run.ts';
import { CliError } from './cli-error.ts';
import type { RunTarget } from './describe-run.ts';
import { exitCode } from './exit-code.ts';
import { signalRun, type RunOrder } from './sync-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** A run that found little may end, with what it found staged, before it can be asked. */
const mostTries = 5;

export interface ApplyOptions extends BeginOptions {
  /** How long a run that is queued is waited for, so that it can be asked; null for no limit. */
  readonly queuedWithinMs: number | null;
}

/**
 * Begins an incremental run as `beginRun` does, and asks it to merge what it and earlier runs have staged: whoever starts one
 * by hand wants to see the changes in the table.
 */
export async function beginApplying(
  temporal: TemporalConnection,
  order: RunOrder,
  options: ApplyOptions,
): Promise<BegunRun> {
  for (let tries = 1; ; tries++) {
    const begun = await beginRun(temporal, order, options);
    const target = begun.run === null ? await unqueued(temporal, begun, options) : begun;
    if (target === null || (await signalRun(temporal, target, applySignal))) return target ?? begun;
    if (!(await hasStaged(temporal, target))) return target;
    if (tries === mostTries) {
      throw new CliError(
        exitCode.runFailed,
        `${target.stream}: its runs stage what they find and end before they are asked to merge it`,
        {
          next: `sluice sync ${target.stream}`,
        },
      );
    }
  }
}

/** Null where it did not begin in time. */
async function unqueued(
  temporal: TemporalConnection,
  queued: Extract<BegunRun, { run: null }>,
  { warn, queuedWithinMs }: ApplyOptions,
): Promise<RunTarget | null> {
  const tooLate = queuedWithinMs === null ? new AbortController().signal : AbortSignal.timeout(queuedWithinMs);
  try {
    return await nextRun(temporal, queued, tooLate);
  } catch (error) {
    if (!tooLate.aborted) throw error;
    warn(`${queued.stream}: the run is still queued, and what it finds may wait for apply.interval`);
    return null;
  }
}

async function hasStaged(temporal: TemporalConnection, { workflowId }: RunTarget): Promise<boolean> {
  const handle = temporal.client.workflow.getHandle<() => Promise<IncrementalResult>>(workflowId);
  const { status } = await handle.describe();
  return status.name === 'COMPLETED' && (await handle.result()).outcome === 'staged';
}
