import { LongWait, SyncError, type WaitReason } from '../../model/errors.ts';
import type { Frontier } from '../../model/frontier.ts';
import type { Log } from '../../model/log.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { Chunk } from './chunk.ts';
import { IdList } from './id-list.ts';
import { PageReader } from './page-reader.ts';
import { ListContractBroken, ParallelList } from './parallel-list.ts';
import { SequentialList } from './sequential-list.ts';

/** Reads one part of a frontier. `frontier()` always tells what of it is not staged yet. */
interface Reading {
  frontier(): Frontier;
  read(signal: AbortSignal): Promise<void>;
}

/**
 * Reads until the chunk is full, the frontier is empty, or something stops it. Whatever stops it, what is staged by then
 * is handed back with the frontier that remains; a failure is raised only when it left nothing to hand back, and
 * otherwise meets the next chunk at its first request.
 */
export async function extract(
  deps: { api: HubSpotApi; paths: ApiPaths; log: Log },
  request: ExtractRequest,
): Promise<ExtractOutcome> {
  const meter = new RequestMeter();
  const chunk = new Chunk(request);
  const reader = new PageReader({ ...deps, plan: request.plan, meter });
  const reading = openReading(request.frontier, { reader, chunk });
  using _ = chunk.reportProgress(deps.api);

  let wait: WaitReason | null = null;
  let frontier: Frontier | null = null;
  try {
    await reading.read(request.signal);
  } catch (error) {
    if (chunk.hasFailedWrite) throw error;
    if (error instanceof ListContractBroken) {
      deps.log.warn({ stream: request.plan.stream, reason: error.message }, 'list read again by one cursor');
      frontier = { kind: 'pages', after: null, done: false, remaining: null };
    } else if (error instanceof LongWait) {
      wait = error.wait;
    } else if (!request.signal.aborted && !(error instanceof SyncError && chunk.records > 0)) {
      throw error;
    }
  }
  return {
    frontier: frontier ?? reading.frontier(),
    records: chunk.records,
    roundedValues: chunk.roundedValues,
    requests: meter.counts,
    wait,
  };
}

function openReading(frontier: Frontier, shared: { reader: PageReader; chunk: Chunk }): Reading {
  switch (frontier.kind) {
    case 'idRanges':
      return new ParallelList({ ranges: frontier.ranges, ...shared });
    case 'pages':
      return new SequentialList({ frontier, ...shared });
    case 'ids':
      return new IdList({ ids: frontier.ids, ...shared });
    default:
      return frontier satisfies never;
  }
}
