import type { TableTypes } from '../../model/fit-plan.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { describeTable } from './catalogue.ts';
import type { Fence } from './fence.ts';
import type { Session } from './session.ts';

interface KnownShape {
  readonly run: string;
  readonly generation: number;
  readonly shape: number;
  readonly types: TableTypes;
}

/**
 * The columns of streams' tables, as they were last read. Whoever changes them raises the shape of the stream's fence; what a
 * person changes by hand is seen by the next run.
 */
export class TableShapes {
  readonly #known = new Map<string, KnownShape>();

  /** Within a transaction that has taken the fence: nobody changes columns meanwhile. */
  async read(
    session: Session,
    { stream, table, run }: StreamTable & { readonly run: string },
    { generation, shape }: Pick<Fence, 'generation' | 'shape'>,
  ): Promise<TableTypes> {
    const known = this.#known.get(stream);
    if (known?.run === run && known.generation === generation && known.shape === shape) return known.types;
    const types = await describeTable(session, table);
    this.#known.set(stream, { run, generation, shape, types });
    return types;
  }
}
