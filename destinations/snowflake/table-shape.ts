import type { TableTypes } from '../../model/fit-plan.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { buildCreateAssociations } from './association-statements.ts';
import { describeTable, hasTable } from './catalogue.ts';
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
  /** Association tables that runs have made sure of, by stream. */
  readonly #associations = new Map<string, { readonly run: string; readonly tables: Set<string> }>();

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

  /** Creates an association table, once in a run. DDL: outside of any transaction. */
  async createAssociations(session: Session, run: string, plan: StreamPlan, table: TableName): Promise<void> {
    const known = this.#associations.get(plan.stream);
    const tables = known?.run === run ? known.tables : new Set<string>();
    if (tables.has(table.table)) return;
    // For one that exists, IF NOT EXISTS asks for a privilege that a loader need not have.
    if (!(await hasTable(session, table))) await session.execute(buildCreateAssociations(plan, table));
    this.#associations.set(plan.stream, { run, tables: tables.add(table.table) });
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
