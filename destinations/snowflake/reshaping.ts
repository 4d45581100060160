import { randomUUID } from 'node:crypto';
import { SyncError } from '../../model/errors.ts';
import type { WidenedColumn } from '../../model/fit-plan.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { buildAddWide, buildColumnStep, buildFillWide, swapSteps } from './column-steps.ts';
import { type Fence, fenceTable, readFence, readFenceRow, takeFence } from './fence.ts';
import { quoteTable } from './identifiers.ts';
import type { Session, Statement } from './session.ts';
import { withinTransaction } from './within-transaction.ts';

/**
 * Changing columns of a stream's table. DDL commits, so no transaction can hold it together, and no lock holds others off. The
 * fence says instead that it is under way: what would merge meanwhile is tried again later. Whoever dies within leaves the
 * mark, and the next run that is opened finishes and takes it away.
 */
export interface Reshaping {
  /** Whether anything was changed, or taken over. */
  readonly isBegun: boolean;
  /**
   * Before columns are looked at: takes over what another run has begun, which then goes no further. Raises `Conflict` for what
   * a reset has begun, since no run knows what it was to drop.
   */
  takeOver(): Promise<void>;
  /** DDL, or what may come between such. Marks the fence first. */
  execute(statement: Statement): Promise<void>;
  widen(table: TableName, columns: readonly WidenedColumn[]): Promise<void>;
  /** Takes the mark away and raises the fence's shape. Within the transaction that records what was changed. */
  settle(): Promise<void>;
}

export interface ReshapingOptions extends StreamTable {
  readonly run: string;
  /** As it was found. */
  readonly fence: Pick<Fence, 'reshapedBy'>;
}

const resetPrefix = 'reset ';

/** The mark of a reset that drops tables. */
export function resetMark(request: string): string {
  return `${resetPrefix}${request}`;
}

export function createReshaping(session: Session, { run, fence, ...target }: ReshapingOptions): Reshaping {
  // Two attempts of one run are told apart too: the first may have been given up, and go on all the same.
  const mark = `run ${run} (${randomUUID()})`;
  const table = quoteTable(fenceTable(target));
  let isMarked = false;

  const begin = async (): Promise<void> => {
    if (isMarked) return;
    await session.execute({ sql: `UPDATE ${table} SET reshaped_by = ?`, binds: [mark] });
    isMarked = true;
  };

  const requireMark = ({ reshapedBy }: Fence): void => {
    if (reshapedBy === mark) return;
    throw new SyncError('Conflict', `the columns of ${target.stream} are being changed by another attempt`, {
      next: 'let it be tried again',
    });
  };

  return {
    get isBegun() {
      return isMarked;
    },
    async takeOver() {
      if (fence.reshapedBy?.startsWith(resetPrefix)) throw unfinishedReset(target);
      if (fence.reshapedBy !== null) await begin();
    },
    async execute(statement) {
      await begin();
      await session.execute(statement);
    },
    async widen(of, columns) {
      if (columns.length === 0) return;
      await begin();
      for (const column of columns) await session.execute(buildAddWide(of, column));
      await session.transaction(async () => {
        requireMark(readFenceRow(await takeFence(session, { ...target, taker: run })));
        return { end: 'commit', value: await session.execute(buildFillWide(of, columns)) };
      });
      for (const step of columns.flatMap(swapSteps)) {
        requireMark(await readFence(session, target));
        await session.execute(buildColumnStep(of, step));
      }
    },
    async settle() {
      // The mark of another attempt stays: it has not finished.
      await session.execute({
        sql: `UPDATE ${table} SET shape = shape + 1, reshaped_by = IFF(reshaped_by = ?, NULL, reshaped_by) WHERE ${withinTransaction}`,
        binds: [mark],
      });
    },
  };
}

function unfinishedReset({ stream }: StreamTable): SyncError {
  return new SyncError('Conflict', `${stream} is being reset`, {
    next: 'let it be tried again; if the reset has failed, reset the stream once more',
  });
}
