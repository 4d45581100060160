import { LongWait, SyncError, type WaitReason } from '../../model/errors.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import type { Log } from '../../model/log.ts';
import { outlasting } from '../../model/outlasting.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { AssociationReader } from './associations.ts';
import { Chunk } from './chunk.ts';
import { outcomeOf } from './extract-outcome.ts';
import { openReading } from './open-reading.ts';
import { PageReader } from './page-reader.ts';
import { ListContractBroken } from './parallel-list.ts';
import { RestingPoints } from './resting-points.ts';
import { TooManyHits } from './search-list.ts';
import { WatchedSink } from './watched-sink.ts';

/** How long an aborted chunk may go on to read associations of the records it has. */
const graceMs = 2_000;

/**
 * Reads until the chunk is full, the frontier is empty, or something stops it. Whatever stops it, what is staged by then
 * is handed back with the frontier that remains; a failure is raised only when it left nothing to hand back, and
 * otherwise meets the next chunk at its first request. Records whose associations could not be read count as not read.
 */
export async function extract(
  deps: { api: HubSpotApi; paths: ApiPaths; log: Log },
  request: ExtractRequest,
): Promise<ExtractOutcome> {
  const { plan, signal } = request;
  const meter = new RequestMeter(request.traffic);
  const sink = new WatchedSink(request.sink);
  using associations = new AssociationReader({ ...deps, plan, meter, sink });
  const chunk = new Chunk({ request, sink, associations });
  const reader = new PageReader({ ...deps, plan, meter });
  const restingPoints = new RestingPoints({ request, chunk, associations, meter });
  const reading = openReading(request, { ...deps, reader, chunk, meter, restingPoints });
  using _ = chunk.reportProgress(deps.api);

  const nothing = (part: Partial<ExtractOutcome>): ExtractOutcome =>
    outcomeOf(request, { requests: meter.counts, ...part });

  let wait: WaitReason | null = null;
  let failure: SyncError | null = null;
  let fallback: SourceFrontier | null = null;
  try {
    await reading.read(signal);
  } catch (error) {
    if (sink.failure !== null) throw sink.failure.error;
    if (error instanceof TooManyHits) return nothing({ tooManyHits: error.hits });
    if (error instanceof ListContractBroken) {
      deps.log.warn({ stream: plan.stream, reason: error.message }, 'list read again by one cursor');
      fallback = reading.sequential();
    } else if (error instanceof LongWait) wait = error.wait;
    else if (!signal.aborted) {
      if (!(error instanceof SyncError) || chunk.records === 0) throw error;
      failure = error;
    }
  }

  try {
    using grace = outlasting(signal, graceMs);
    await associations.flush(grace.signal);
  } catch (error) {
    if (sink.failure !== null) throw sink.failure.error;
    if (error instanceof LongWait) return nothing({ wait: error.wait });
    if (wait !== null || signal.aborted) return nothing({ wait });
    throw failure ?? error;
  }
  return {
    frontier: fallback ?? reading.frontier(),
    records: chunk.records,
    knownRecords: chunk.knownRecords,
    tooManyHits: null,
    absentColumns: chunk.absentColumns,
    roundedValues: chunk.roundedValues,
    requests: meter.counts,
    wait,
  };
}
