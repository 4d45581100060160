import type { OnVanished } from '../../model/plan.ts';
import type { AbsentIds } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { Chunk } from './chunk.ts';
import { mergedIds } from './merged-records.ts';
import type { PageReader } from './page-reader.ts';
import { archivedTombstones } from './record-list.ts';
import type { HubSpotRecord } from './record-row.ts';

/** Stages records by id, as they are now: a record that was merged away is staged under the id it has become. */
export class NamedRecords {
  readonly #reader: PageReader;
  readonly #chunk: Chunk;
  readonly #absentIds: AbsentIds;
  readonly #onVanished: OnVanished;

  constructor(options: { reader: PageReader; chunk: Chunk; absentIds: AbsentIds; onVanished: OnVanished }) {
    this.#reader = options.reader;
    this.#chunk = options.chunk;
    this.#absentIds = options.absentIds;
    this.#onVanished = options.onVanished;
  }

  /** At most 100 ids. All of them are done with once this resolves. */
  async stage(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const absent = await this.#stageLiving(ids, signal);
    if (absent.length > 0 && this.#absentIds === 'tombstone') await this.#buryAbsent(absent, signal);
  }

  /** Returns the ids that no record answers for. */
  async #stageLiving(ids: readonly string[], signal: AbortSignal): Promise<string[]> {
    const page = await this.#reader.readRecords(ids, signal);
    await this.#chunk.write(page.records, page);
    return unanswered(ids, page.records);
  }

  async #buryAbsent(absent: readonly string[], signal: AbortSignal): Promise<void> {
    const bin = await this.#reader.readArchivedRecords(absent, signal);
    await this.#chunk.bury(bin.records.flatMap((record) => archivedTombstones(record, bin.observedAt)));
    const missing = unanswered(absent, bin.records);
    if (missing.length === 0) return;
    // A record that left the bin between the two looks was in neither.
    const nowhere = await this.#stageLiving(missing, signal);
    const tombstones = nowhere.map((id) => this.#tombstoneOf(id, { seenAt: bin.observedAt, signal }));
    await this.#chunk.bury((await Promise.all(tombstones)).filter((tombstone) => tombstone !== null));
  }

  /**
   * What answers nowhere else may have been merged away, by a record that was read before it was. Its tombstone would learn
   * that from the survivor later; an erased row would not, so that each is asked for by itself, which leads to the survivor.
   * Null for what answers to its own id all the same.
   */
  async #tombstoneOf(
    id: string,
    { seenAt, signal }: { readonly seenAt: string; readonly signal: AbortSignal },
  ): Promise<StagedTombstone | null> {
    const survivor = this.#onVanished === 'erase' ? await this.#reader.findSurvivor(id, signal) : null;
    if (survivor === null) return [id, 'vanished', null, null, seenAt];
    return survivor.id === id ? null : [id, 'merged', null, survivor.id, survivor.observedAt];
  }
}

function unanswered(ids: readonly string[], records: readonly HubSpotRecord[]): string[] {
  const answered = new Set(records.flatMap((record) => [String(record.id), ...mergedIds(record)]));
  return ids.filter((id) => !answered.has(id));
}
