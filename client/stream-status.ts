import { observeBackfill } from './observe-run.ts';
import { reportError } from './cli-error.ts';
import { inspect } from './inspection.ts';
import { runUrl } from './run-summary.ts';
import { neverRunView, percentDone, viewRun, type RunView } from './run-view.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { RunEnd } from './run-facts.ts';

/** So many streams are asked about at once: enough to be quick, few enough for a small server. */
const concurrency = 16;

/** The state of streams is what a person wants to see; their rows are worth this much waiting. */
const rowsWithinMs = 10_000;

export interface StreamStatus extends RunView {
  readonly percent: number | null;
  /** Names the run; null where none is known. */
  readonly run: string | null;
  readonly end: RunEnd | null;
  readonly url: string | null;
}

/** The latest backfill of each stream, each looked up on its own: one that cannot be read says so in its row. */
export async function readStatus(temporal: TemporalConnection, streams: readonly string[]): Promise<StreamStatus[]> {
  const statuses: StreamStatus[] = [];
  for (let start = 0; start < streams.length; start += concurrency) {
    const slice = streams.slice(start, start + concurrency);
    statuses.push(...(await Promise.all(slice.map((stream) => readStreamStatus(temporal, stream)))));
  }
  return statuses;
}

async function readStreamStatus(temporal: TemporalConnection, stream: string): Promise<StreamStatus> {
  try {
    const facts = await observeBackfill(temporal, stream);
    if (facts === null) return withoutRun(neverRunView(stream));
    const view = viewRun(facts, new Date());
    return {
      ...view,
      percent: percentDone(view),
      run: facts.run,
      end: facts.end,
      url: temporal.found.uiUrl === null ? null : runUrl(temporal.found.uiUrl, temporal.namespace, facts),
    };
  } catch (error) {
    return withoutRun({ ...neverRunView(stream), state: 'unreachable', why: reportError(error).message });
  }
}

function withoutRun(view: RunView): StreamStatus {
  return { ...view, percent: null, run: null, end: null, url: null };
}

export type RowCounts = Readonly<Record<string, { readonly live: number; readonly deleted: number } | null>>;

/** Rows per stream by the worker that holds the destinations, or the reason there is no count. */
export async function readRowCounts(
  temporal: TemporalConnection,
  taskQueue: string,
  streams: readonly string[],
): Promise<{ readonly counts: RowCounts; readonly unavailable: string | null }> {
  try {
    const { counts } = await inspect(temporal, taskQueue, { verb: 'rows', streams }, rowsWithinMs);
    return { counts, unavailable: null };
  } catch (error) {
    return { counts: {}, unavailable: reportError(error).message };
  }
}
