import { createHash } from 'node:crypto';
import { columnLayout, type StreamPlan } from '../model/plan.ts';

/** Of one process, merged and staged each; at 100 bytes an entry this is 20 MB. */
const maxEntries = 100_000;

/**
 * Versions of records that this worker has seen merged, so that a search that finds them again need not have them read
 * (rule 7 of docs/spec.md). Bounded and in memory: what is not known is read again, which changes nothing.
 */
export class KnownVersions {
  /** Milliseconds since the epoch: one instant may be written in several ways. */
  readonly #versions = new Map<string, number>();
  readonly #staged = new Map<string, ReadonlyMap<string, string>>();
  #stagedEntries = 0;

  /** `scope` is that of `knownScope`. True as well for an older version than the one that was merged. */
  has(scope: string, id: string, version: string): boolean {
    const known = this.#versions.get(keyOf(scope, id));
    return known !== undefined && Date.parse(version) <= known;
  }

  /** What a batch will have merged, once it is. The batches that were staged first are forgotten first. */
  stage(batchId: string, versions: ReadonlyMap<string, string>): void {
    this.#take(batchId);
    while (this.#staged.size > 0 && this.#stagedEntries + versions.size > maxEntries) {
      this.#take(this.#staged.keys().next().value!);
    }
    this.#staged.set(batchId, versions);
    this.#stagedEntries += versions.size;
  }

  /** Whether one of these batches holds the version, or a newer one. */
  isStaged(batchIds: readonly string[], id: string, version: string): boolean {
    return batchIds.some((batchId) => {
      const staged = this.#staged.get(batchId)?.get(id);
      return staged !== undefined && Date.parse(version) <= Date.parse(staged);
    });
  }

  /** The batch is merged. Nothing happens where another worker staged it. */
  commit(scope: string, batchId: string): void {
    const versions = this.#take(batchId) ?? [];
    for (const [id, version] of versions) this.#remember(keyOf(scope, id), Date.parse(version));
  }

  #take(batchId: string): ReadonlyMap<string, string> | undefined {
    const versions = this.#staged.get(batchId);
    this.#staged.delete(batchId);
    this.#stagedEntries -= versions?.size ?? 0;
    return versions;
  }

  #remember(key: string, version: number): void {
    if (Number.isNaN(version)) return;
    this.#versions.delete(key);
    if (this.#versions.size >= maxEntries) this.#versions.delete(this.#versions.keys().next().value!);
    this.#versions.set(key, version);
  }
}

/** Stream, generation and columns: a version that was read with fewer of them is not known yet. */
export function knownScope(plan: StreamPlan, generation: number): string {
  return `${plan.stream} ${generation} ${createHash('sha256').update(columnLayout(plan)).digest('hex').slice(0, 12)}`;
}

function keyOf(scope: string, id: string): string {
  return `${scope} ${id}`;
}
