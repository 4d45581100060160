import type { ExtractRequest } from '../../model/source.ts';
import type { HubSpotApi } from './api.ts';
import type { RecordPage } from './page-reader.ts';
import { pageEncoder, type HubSpotRecord, type PageEncoder } from './record-row.ts';

const progressIntervalMs = 500;

/**
 * What the readers of one chunk share: how much is written, how much is on its way, and whether there is room for
 * another page.
 */
export class Chunk {
  readonly #request: ExtractRequest;
  readonly #encode: PageEncoder;
  records = 0;
  roundedValues = 0;
  /** Set once a write failed: what is staged is then unknown and may not be handed on. */
  hasFailedWrite = false;
  /** Records that pages in flight may still bring. */
  #expected = 0;

  constructor(request: ExtractRequest) {
    this.#request = request;
    this.#encode = pageEncoder(request.plan);
  }

  /** Counts pages in flight as full, so that a chunk exceeds its size by less than one page. */
  get hasRoom(): boolean {
    return this.records + this.#expected < this.#request.chunkRecords;
  }

  /** Keeps room for one more page until `release`; false when the chunk is full. */
  reserve(size: number): boolean {
    if (!this.hasRoom) return false;
    this.#expected += size;
    return true;
  }

  release(size: number): void {
    this.#expected -= size;
  }

  /** Stages records; once this resolves, the frontier may move past them. */
  async write(records: readonly HubSpotRecord[], page: Pick<RecordPage, 'observedAt'>): Promise<void> {
    if (records.length === 0) return;
    const { rows, roundedValues } = this.#encode(records, page.observedAt);
    try {
      await this.#request.write(rows);
    } catch (error) {
      this.hasFailedWrite = true;
      throw error;
    }
    this.records += rows.length;
    this.roundedValues += roundedValues;
  }

  /** Reports progress on a timer until disposed. */
  reportProgress(api: HubSpotApi): Disposable {
    const timer = setInterval(() => {
      this.#request.onProgress({ records: this.records, waiting: api.trouble, limitShare: api.budget.limitShare() });
    }, progressIntervalMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}
