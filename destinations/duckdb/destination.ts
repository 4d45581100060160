import type { Destination } from '../../model/destination.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { checkDatabase } from './check.ts';
import type { DuckDbConfig } from './config.ts';
import { createDatabaseFile } from './database.ts';
import { claimStream, requireClaim, takeFence } from './fence.ts';
import { readLedgerHead } from './ledger.ts';
import { mergeInTransaction } from './merge.ts';
import {
  closeLostRuns,
  markRunClosed,
  findPreviousRun,
  findRun,
  readProgress,
  readStoredPlan,
  recordRun,
  requireRun,
  selectRejects,
  selectRuns,
} from './runs.ts';
import type { Session } from './session.ts';
import { isStageIntact } from './stage-files.ts';
import { buildSystemTables } from './system-tables.ts';
import { hasTable, openTargetTable } from './target-table.ts';
import { quoteTable } from './dialect.ts';

/** Opens nothing yet: the file is created by the first run and held only while it is used. */
export function openDuckDbDestination(config: DuckDbConfig): Destination {
  const database = createDatabaseFile(config);

  /** For questions about a stream that may never have run: asks nothing of a file that is not there, and creates none. */
  const whenPresent = async <T>(
    { table }: StreamTable,
    { signal, needs, otherwise }: { signal: AbortSignal; needs: string; otherwise: T },
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    if (!(await database.exists())) return otherwise;
    return database.use(signal, async (session) =>
      (await hasTable(session, { schema: table.schema, table: needs })) ? work(session) : otherwise,
    );
  };

  return {
    identity: `duckdb:${config.path}`,

    check: (signal) => checkDatabase(database, config.path, signal),

    claimRun: (request, signal) =>
      database.use(signal, (session) =>
        session.transaction(async () => {
          for (const statement of buildSystemTables(request.table.schema)) await session.execute(statement);
          const generation = await claimStream(session, request);
          await closeLostRuns(session, request);
          const self = await readProgress(session, request, await findRun(session, request));
          const previous = await readProgress(session, request, await findPreviousRun(session, request));
          return { end: 'commit', value: { generation, self, previous } };
        }),
      ),

    openRun: (request, signal) =>
      database.use(signal, (session) =>
        session.transaction(async () => {
          const { plan, run, mode } = request;
          const target = { stream: plan.stream, table: plan.table };
          await takeFence(session, { ...target, taker: run });
          const startedAt = await requireClaim(session, { ...target, mode, run });
          await openTargetTable(session, plan);
          await recordRun(session, { ...request, startedAt });
          return { end: 'commit', value: undefined };
        }),
      ),

    readPlan: (target, signal) => database.use(signal, (session) => readStoredPlan(session, target)),

    mergeBatch: async (request, signal) => {
      const isIntact = await isStageIntact(request.batch.stage, signal);
      return database.use(signal, (session) =>
        session.transaction(() => mergeInTransaction(session, request, isIntact)),
      );
    },

    closeRun: (request, signal) =>
      database.use(signal, (session) =>
        session.transaction(async () => {
          const { startFrontier } = await requireRun(session, request);
          await markRunClosed(session, request);
          const head = await readLedgerHead(session, { ...request, startFrontier });
          return { end: 'commit', value: head };
        }),
      ),

    countRows: (target, signal) =>
      whenPresent<{ live: number; deleted: number } | null>(
        target,
        { signal, needs: target.table.table, otherwise: null },
        async (session) => {
          const [row] = await session.query(
            'SELECT count(*) FILTER (_deleted IS NOT TRUE) AS live, count(*) FILTER (_deleted IS TRUE) AS deleted ' +
              `FROM ${quoteTable(target.table)}`,
          );
          return { live: Number(row!['live']), deleted: Number(row!['deleted']) };
        },
      ),

    listRejects: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_errors', otherwise: { total: 0, rows: [] } }, (session) =>
        selectRejects(session, target),
      ),

    listRuns: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) => selectRuns(session, target)),

    close: () => database.close(),
  };
}
