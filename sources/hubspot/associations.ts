import type { StreamPlan } from '../../model/plan.ts';
import type { StageSink } from '../../model/source.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { AssociationTableReader } from './association-table.ts';
import { orAborted } from '../../model/or-aborted.ts';

/**
 * Reads the associations of a chunk's records beside the records themselves, for every table of the plan. Dispose of it to
 * stop what is under way.
 */
export class AssociationReader implements Disposable {
  readonly #tables: readonly AssociationTableReader[];
  readonly #taken = new Set<string>();
  /** Aborted with the first failure, or with the reason to stop. */
  readonly #end = new AbortController();

  constructor(options: {
    api: HubSpotApi;
    paths: ApiPaths;
    plan: StreamPlan;
    meter: RequestMeter;
    sink: Pick<StageSink, 'associations'>;
  }) {
    const { api, paths, plan, meter, sink } = options;
    this.#tables = plan.associations.map(
      (table) =>
        new AssociationTableReader({
          where: `associations from ${plan.object} to ${table.to}`,
          ask: (inputs) =>
            api.call(
              {
                method: 'POST',
                path: paths.associationsRead(plan.object, table.to),
                body: { inputs },
                bucket: 'associations',
                signal: this.#end.signal,
              },
              meter,
            ),
          stage: (read) => sink.associations(table, read),
          onFailure: (error) => this.#end.abort(error),
        }),
    );
  }

  /**
   * Takes record ids, each of them once, and returns when there is room for more. Calls under way outlast `signal`: what
   * was taken can still be flushed. Rejects with the first failure of any call, or the signal's reason.
   */
  async take(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#tables.length === 0) return;
    const fresh = [...new Set(ids).difference(this.#taken)];
    for (const id of fresh) this.#taken.add(id);
    for (const table of this.#tables) table.add(fresh);
    await this.#until((table) => table.hasRoom, signal);
  }

  /**
   * Resolves once the associations of everything taken are in the sink; rejects with the first failure, or with the
   * signal's reason, and reads no further then.
   */
  async flush(signal: AbortSignal): Promise<void> {
    for (const table of this.#tables) table.flush();
    try {
      await this.#until((table) => table.isDone, signal);
    } catch (error) {
      this.#end.abort(error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort(new Error('the reading of associations has ended'));
  }

  async #until(isReached: (table: AssociationTableReader) => boolean, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#end.signal]);
    for (const table of this.#tables) {
      while (!isReached(table)) await orAborted(table.changed, either);
    }
    either.throwIfAborted();
  }
}
