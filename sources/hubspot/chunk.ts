import type { ExtractRequest, StageSink } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { HubSpotApi } from './api.ts';
import type { AssociationReader } from './associations.ts';
import { mergedTombstones } from './merged-records.ts';
import type { RecordPage } from './page-reader.ts';
import { pageEncoder, type HubSpotRecord, type PageEncoder } from './record-row.ts';

const progressIntervalMs = 500;

/**
 * What the readers of one chunk share: how much is written, how much is on its way, and whether there is room for
 * another page.
 */
export class Chunk {
  readonly #request: ExtractRequest;
  readonly #sink: StageSink;
  readonly #associations: Pick<AssociationReader, 'take'>;
  readonly #encode: PageEncoder;
  /** Records staged, and tombstones that were looked for. Not the tombstones that come with a record that others were merged into. */
  records = 0;
  /** Search hits passed over. */
  knownRecords = 0;
  roundedValues = 0;
  readonly #absentColumns = new Set<string>();
  /** Records that pages in flight may still bring. */
  #expected = 0;
  #landed = Promise.withResolvers<void>();

  constructor(options: { request: ExtractRequest; sink: StageSink; associations: Pick<AssociationReader, 'take'> }) {
    this.#request = options.request;
    this.#sink = options.sink;
    this.#associations = options.associations;
    this.#encode = pageEncoder(options.request.plan);
  }

  get absentColumns(): readonly string[] {
    return [...this.#absentColumns];
  }

  /** Whether a page is on its way. */
  get isReading(): boolean {
    return this.#expected > 0;
  }

  /** Settles when a page on its way is staged, or given up. */
  get landed(): Promise<void> {
    return this.#landed.promise;
  }

  /** Counts pages in flight as full, so that a chunk exceeds its size by less than one page. */
  get hasRoom(): boolean {
    return this.records + this.#expected < this.#request.chunkRecords;
  }

  /** Keeps room for one more page until `release`; false when the chunk is full. */
  reserve(size: number): boolean {
    if (!this.hasRoom) return false;
    this.expect(size);
    return true;
  }

  /** Keeps room for what is known to come. */
  expect(size: number): void {
    this.#expected += size;
  }

  release(size: number): void {
    this.#expected -= size;
    this.#landed.resolve();
    this.#landed = Promise.withResolvers();
  }

  /** Stages records, and tombstones of those merged into them; once this resolves, the frontier may move past them. */
  async write(records: readonly HubSpotRecord[], { observedAt }: Pick<RecordPage, 'observedAt'>): Promise<void> {
    if (records.length === 0) return;
    const { rows, roundedValues, absentColumns } = this.#encode(records, observedAt);
    await this.#sink.records(rows);
    const merged = records.flatMap((record) => mergedTombstones(record, observedAt));
    if (merged.length > 0) await this.#sink.tombstones(merged);
    await this.#takeAssociations(records);
    this.records += rows.length;
    this.roundedValues += roundedValues;
    for (const column of absentColumns) this.#absentColumns.add(column);
  }

  /** Stages tombstones that were looked for. */
  async bury(tombstones: readonly StagedTombstone[]): Promise<void> {
    if (tombstones.length === 0) return;
    await this.#sink.tombstones(tombstones);
    this.records += tombstones.length;
  }

  /** Reports progress on a timer until disposed. */
  reportProgress(api: HubSpotApi): Disposable {
    const timer = setInterval(() => {
      this.#request.onProgress({ records: this.records, waiting: api.trouble, limitShare: api.budget.limitShare() });
    }, progressIntervalMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** An abort only ends the wait for room: what was taken is read when the chunk ends. */
  async #takeAssociations(records: readonly HubSpotRecord[]): Promise<void> {
    const { signal } = this.#request;
    const ids = records.flatMap(({ id }) => (id === undefined || id === null ? [] : [String(id)]));
    try {
      await this.#associations.take(ids, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
