import { nothingToAdopt } from '../../model/adoption.ts';
import { emptyPart } from '../../model/batch.ts';
import type { Destination, OpenRunRecord } from '../../model/destination.ts';
import { emptyState } from '../../model/empty-state.ts';
import { listingLost, nothingToCompare, nothingToReset } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { adoptInTransaction, surveyInSession } from './adoption.ts';
import { checkCopy, checkDatabase } from './check.ts';
import { compareInTransaction } from './compare.ts';
import type { DuckDbConfig } from './config.ts';
import { createCopySchedule, noCopies } from './copy-schedule.ts';
import { createDatabaseFile } from './database.ts';
import { claimStream } from './fence.ts';
import { mergeInTransaction } from './merge.ts';
import { closeRunInTransaction, openRunInTransaction, widenInTransaction } from './opened-run.ts';
import { acquireOwnership } from './owner-lock.ts';
import { ownerQueueOf } from './owner-queue.ts';
import { selectRejectedIds, selectRejectGroups, selectRejects, streamRejects } from './rejects.ts';
import { reportInTransaction } from './report.ts';
import { resetInTransaction } from './reset.ts';
import {
  closeLostRuns,
  closeNamedRuns,
  findPreviousRun,
  findRun,
  readProgress,
  readStoredPlan,
  requireRunOfGeneration,
  selectOpenRuns,
  selectRuns,
} from './runs.ts';
import type { Session, TransactionEnd } from './session.ts';
import { isPartIntact, isStageIntact } from './stage-files.ts';
import { StateCache } from './state-cache.ts';
import { countRows, readStreamState } from './state.ts';
import { buildSystemTables } from './system-tables.ts';
import { hasTable } from './target-table.ts';
import { beginVanishedInTransaction, readWorkIds } from './work.ts';

/** Opens nothing yet: the file is created by the first run and held only while it is used. */
export function openDuckDbDestination(config: DuckDbConfig): Destination {
  const states = new StateCache(config.path);
  const database = createDatabaseFile(config, (work) => states.own(work));
  let ownerQueue: string | null = null;
  const copies = config.readCopy === 'off' ? noCopies : createCopySchedule(() => database.publishCopy());

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

  /** All that writes goes through here. */
  const inTransaction = <T>(
    of: { readonly stream: string } | { readonly plan: { readonly stream: string } },
    signal: AbortSignal,
    work: (session: Session) => Promise<TransactionEnd<T>>,
  ): Promise<T> =>
    database.use(signal, (session) => {
      states.forget('stream' in of ? of.stream : of.plan.stream);
      return session.transaction(() => work(session));
    });

  return {
    isMetered: false,
    readCost: null,
    stages: null,
    maxTextBytes: null,
    identity: `duckdb:${config.path}`,
    get ownerQueue() {
      return (ownerQueue ??= ownerQueueOf(config.path));
    },
    own: () => acquireOwnership(config.path),

    check: async (_use, signal) => [
      ...(await checkDatabase(database, config.path, signal)),
      ...checkCopy(config.path, copies.lastFailure()),
    ],

    claimRun: (request, signal) =>
      inTransaction(request, signal, async (session) => {
        for (const statement of buildSystemTables(request.table.schema)) await session.execute(statement);
        const generation = await claimStream(session, request);
        await requireRunOfGeneration(session, request, generation);
        await closeLostRuns(session, request);
        const self = await readProgress(session, request, await findRun(session, request));
        const previous = await readProgress(
          session,
          request,
          await findPreviousRun(session, { ...request, generation }),
        );
        const state = await readStreamState(session, request);
        return { end: 'commit', value: { generation, self, previous, state } };
      }),

    openRun: (request, signal) => inTransaction(request, signal, (session) => openRunInTransaction(session, request)),

    readPlan: (target, signal) => database.use(signal, (session) => readStoredPlan(session, target)),

    readState: async (target, signal) => {
      const known = await states.find(target);
      if (known !== null) return known;
      if (!(await database.exists())) return emptyState;
      return database.use(signal, (session) => states.keep(target, () => readStreamState(session, target)));
    },

    surveyTable: async (request, signal) => {
      if (!(await database.exists())) throw nothingToAdopt(request.plan);
      return database.use(signal, (session) => surveyInSession(session, request));
    },

    adoptTable: (request, signal) => inTransaction(request, signal, (session) => adoptInTransaction(session, request)),

    widenColumns: (request, signal) =>
      inTransaction(request, signal, (session) => widenInTransaction(session, request)),

    mergeBatch: async (request, signal) => {
      const isIntact = await isStageIntact(request.batch.stage, signal);
      return inTransaction(request, signal, (session) => mergeInTransaction(session, request, isIntact));
    },

    compareListing: (request, signal) =>
      inTransaction(request, signal, (session) => compareInTransaction(session, request)),

    beginVanished: (request, signal) =>
      inTransaction(request, signal, (session) => beginVanishedInTransaction(session, request)),

    readWork: (request, signal) => database.use(signal, (session) => readWorkIds(session, request)),

    reportListing: async (request, signal) => {
      if (!(await database.exists())) throw nothingToCompare(request.stream);
      for (const part of [request.listing, request.archived, request.sample?.records ?? emptyPart]) {
        if (!(await isPartIntact(part, signal))) throw listingLost(request.stream);
      }
      return inTransaction(request, signal, (session) => reportInTransaction(session, request));
    },

    resetStream: async (request, signal) => {
      if (!(await database.exists())) throw nothingToReset(request.stream);
      return inTransaction(request, signal, (session) => resetInTransaction(session, request));
    },

    closeRun: async (request, signal) => {
      const head = await inTransaction(request, signal, (session) => closeRunInTransaction(session, request));
      if (head.sequence > 0) copies.request();
      return head;
    },

    closeLostRuns: (target, signal) =>
      whenPresent<string[]>(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) => {
        states.forget(target.stream);
        return session.transaction(async () => ({ end: 'commit', value: await closeNamedRuns(session, target) }));
      }),

    listOpenRuns: (target, signal) =>
      whenPresent<OpenRunRecord[]>(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) =>
        selectOpenRuns(session, target),
      ),

    countRows: async ({ table }, signal) =>
      (await database.exists()) ? database.use(signal, (session) => countRows(session, table)) : null,

    listRejects: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_errors', otherwise: { total: 0, rows: [] } }, (session) =>
        selectRejects(session, target),
      ),

    groupRejects: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_errors', otherwise: [] }, (session) =>
        selectRejectGroups(session, target),
      ),

    listRejectedIds: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_errors', otherwise: { total: 0, ids: [] } }, (session) =>
        selectRejectedIds(session, target),
      ),

    readRejects: (target, take, signal) =>
      whenPresent(target, { signal, needs: 'sync_errors', otherwise: undefined }, (session) =>
        streamRejects(session, target, take),
      ),

    listRuns: (target, signal) =>
      whenPresent(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) => selectRuns(session, target)),

    close: async () => {
      await copies.close();
      await database.close();
    },
  };
}
