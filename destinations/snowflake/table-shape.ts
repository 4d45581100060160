import type { TableTypes } from '../../model/fit-plan.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { describeTable } from './catalogue.ts';
import type { Fence } from './fence.ts';
import type { Session } from './session.ts';

type ShapeOf = StreamTable & { readonly run: string };
type FenceShape = Pick<Fence, 'generation' | 'shape'>;

interface KnownShape extends FenceShape {
  readonly run: string;
  readonly types: TableTypes;
}

/**
 * The columns of streams' tables, as they were last read. Whoever changes them raises the shape of the stream's fence; what a
 * person changes by hand is seen by the next run.
 */
export class TableShapes {
  readonly #known = new Map<string, KnownShape>();

  /** Told by whoever opened the run, once the fence has this shape. */
  note({ stream, run }: ShapeOf, { generation, shape }: FenceShape, types: TableTypes): void {
    this.#known.set(stream, { run, generation, shape, types });
  }

  /** What the run's table had when it was last looked at; whether it still has them, the fence tells. */
  recall({ stream, run }: ShapeOf): TableTypes | null {
    const known = this.#known.get(stream);
    return known?.run === run ? known.types : null;
  }

  isCurrent({ stream, run }: ShapeOf, { generation, shape }: FenceShape): boolean {
    const known = this.#known.get(stream);
    return known?.run === run && known.generation === generation && known.shape === shape;
  }

  /** Within a transaction that has taken the fence: nobody changes columns meanwhile. */
  async read(session: Session, of: ShapeOf, fence: FenceShape): Promise<TableTypes> {
    const known = this.recall(of);
    if (known !== null && this.isCurrent(of, fence)) return known;
    const types = await describeTable(session, of.table);
    this.note(of, fence, types);
    return types;
  }
}
