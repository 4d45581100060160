import type { ExtractRequest } from '../../model/source.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import type { RequestMeter } from './api.ts';
import type { AssociationReader } from './associations.ts';
import type { Chunk } from './chunk.ts';
import { orAborted } from '../../model/or-aborted.ts';

/** What a list asks before each page. */
export interface Rest {
  isDue(): boolean;
  /** Settles once reading may go on. */
  pass(signal: AbortSignal): Promise<void>;
}

const never = new AbortController().signal;

interface ChunkParts {
  readonly request: ExtractRequest;
  readonly chunk: Chunk;
  readonly associations: AssociationReader;
  readonly meter: RequestMeter;
}

/**
 * Brings the reading of a chunk to rest where a checkpoint is due: no page on its way, and the associations of all that was
 * staged read. What is staged and the frontier then fit each other exactly.
 */
export class RestingPoints {
  readonly #parts: ChunkParts;
  #saving: Promise<void> | null = null;

  constructor(parts: ChunkParts) {
    this.#parts = parts;
  }

  /** Whether reading has to rest before another page is taken up. Asked in the same breath as that page's room is reserved. */
  get isDue(): boolean {
    const { request, chunk } = this.#parts;
    return this.#saving !== null || request.checkpoint?.isDue(chunk.records) === true;
  }

  /**
   * Every cursor passes here before it takes up another page. Rejects with the signal's reason, and with what stops the
   * reading of associations or the saving.
   */
  async pass(frontier: () => SourceFrontier, signal: AbortSignal): Promise<void> {
    const { chunk } = this.#parts;
    while (this.isDue) {
      if (chunk.isReading) {
        await orAborted(chunk.landed, signal);
      } else {
        this.#saving ??= this.#save(frontier, signal).finally(() => (this.#saving = null));
        await this.#saving;
      }
    }
  }

  async #save(frontier: () => SourceFrontier, signal: AbortSignal): Promise<void> {
    const { request, chunk, associations, meter } = this.#parts;
    // An abort ends the wait and not the calls: what the chunk has taken can still be read while it closes.
    await orAborted(associations.flush(never), signal);
    const { records, absentColumns, roundedValues } = chunk;
    await request.checkpoint?.save({
      frontier: frontier(),
      records,
      absentColumns,
      roundedValues,
      requests: meter.counts,
    });
  }
}
