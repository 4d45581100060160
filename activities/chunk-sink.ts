import type { AssociationTable, StagedHead, StagedLink } from '../model/association.ts';
import type { SourceFrontier, WorkFrontier } from '../model/frontier.ts';
import type { StreamPlan, SyncMode } from '../model/plan.ts';
import type { StagedRow, StageSink } from '../model/source.ts';
import type { StagedTombstone } from '../model/tombstone.ts';
import type { ActivityDeps } from './deps.ts';
import { rowHasher } from './hash-columns.ts';
import { withoutLongValues } from './long-values.ts';
import type { StageWriter } from './stage-writer.ts';

/** Stands between source and stage: hashes what is to be hashed, and leaves out what need not, must not or cannot be staged. */
export class ChunkSink implements StageSink {
  readonly #stage: StageWriter;
  readonly #hash: ReturnType<typeof rowHasher>;
  readonly #fit: ReturnType<typeof withoutLongValues>;
  readonly #versionAt: number;
  readonly #versions: Map<string, string> | null;
  readonly #isKnown: ((id: string, version: string) => boolean) | null;
  readonly #mayVanish: boolean;
  #isOver = false;
  /** Records whose version was known: read, since the source cannot tell changes, and not staged. */
  passedOver = 0;

  constructor(
    deps: Pick<ActivityDeps, 'hashKey'>,
    chunk: {
      readonly mode: SyncMode;
      readonly plan: StreamPlan;
      readonly part: SourceFrontier | WorkFrontier;
      readonly stage: StageWriter;
      readonly versions: Map<string, string>;
      readonly isKnown: (id: string, version: string) => boolean;
      readonly maxTextBytes: number | null;
    },
  ) {
    const { mode, plan, part } = chunk;
    this.#stage = chunk.stage;
    this.#hash = rowHasher(plan, deps.hashKey);
    this.#fit = withoutLongValues(plan, chunk.maxTextBytes);
    this.#versionAt = plan.columns.length + 1;
    this.#versions = mode === 'incremental' ? chunk.versions : null;
    this.#isKnown = mode === 'incremental' && part.kind === 'pages' ? chunk.isKnown : null;
    // What a listing has just shown, and is nowhere now, is left to the next one: nothing vanishes without the breaker.
    this.#mayVanish = !(part.kind === 'work' && part.task === 'repair');
  }

  /** What a reading that has ended still brings belongs to nothing that was counted, and is not staged. */
  end(): void {
    this.#isOver = true;
  }

  async records(rows: readonly StagedRow[]): Promise<void> {
    if (this.#isOver) return;
    const news = rows.filter((row) => !this.#has(row));
    this.passedOver += rows.length - news.length;
    for (const row of news) {
      const [id] = row;
      const version = row[this.#versionAt];
      if (typeof id === 'string' && typeof version === 'string') this.#versions?.set(id, version);
    }
    const { rows: fitting, unstaged } = this.#fit(this.#hash(news));
    await this.#stage.records(fitting, unstaged);
  }

  async tombstones(rows: readonly StagedTombstone[]): Promise<void> {
    if (this.#isOver) return;
    await this.#stage.tombstones(this.#mayVanish ? rows : rows.filter(([, kind]) => kind !== 'vanished'));
  }

  async associations(
    table: AssociationTable,
    read: { readonly heads: readonly StagedHead[]; readonly links: readonly StagedLink[] },
  ): Promise<void> {
    if (this.#isOver) return;
    await this.#stage.associations(table, read);
  }

  #has(row: StagedRow): boolean {
    const [id] = row;
    const version = row[this.#versionAt];
    if (typeof id !== 'string' || typeof version !== 'string') return false;
    return this.#isKnown?.(id, version) ?? false;
  }
}
