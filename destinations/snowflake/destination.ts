import type { Destination, OnBehalf, OpenRunRecord } from '../../model/destination.ts';
import { emptyState } from '../../model/empty-state.ts';
import { SyncError } from '../../model/errors.ts';
import { nothingToCompare, nothingToReset } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { parseAccount } from './account.ts';
import { adoptInSession, surveyInSession } from './adoption.ts';
import { hasSchema, listTables } from './catalogue.ts';
import { checkAccount } from './check.ts';
import { claimInSession } from './claim.ts';
import { compareInSession } from './compare.ts';
import { maxTextBytes } from './column-types.ts';
import type { SnowflakeConfig } from './config.ts';
import { type Connections, openConnections, warehouseFor } from './connection.ts';
import { readCostInSession } from './cost.ts';
import { storedName } from './identifiers.ts';
import { mergeBatch } from './merge.ts';
import { closeRunInSession, openRunInSession, widenInSession } from './opened-run.ts';
import type { Purpose } from './query-tag.ts';
import { selectRejectedIds, selectRejectGroups, selectRejects, streamRejects } from './rejects.ts';
import { reportInSession } from './report.ts';
import { resetInSession } from './reset.ts';
import { closeNamedRuns, readStoredPlan, selectOpenRuns, selectRuns } from './runs.ts';
import { createSchemaSetup } from './schema-setup.ts';
import type { Session } from './session.ts';
import { stageLocation } from './stage-statements.ts';
import { openStages } from './stages.ts';
import { countRows, listStreamTables, readStreamState } from './state.ts';
import { TableShapes } from './table-shape.ts';
import { beginVanishedInSession, readWorkIds } from './work.ts';

/** Connects to nothing yet. `connections`: how its sessions are had. */
export function openSnowflakeDestination(
  config: SnowflakeConfig,
  connections: Connections = openConnections(config),
): Destination {
  const setup = createSchemaSetup();
  const shapes = new TableShapes();

  const use = <T>(
    signal: AbortSignal,
    of: Purpose & ({ readonly stream: string } | { readonly plan: StreamTable }),
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const stream = 'plan' in of ? of.plan.stream : of.stream;
    const { run, mode } = of;
    const purpose = { stream, ...(run === undefined ? {} : { run }), ...(mode === undefined ? {} : { mode }) };
    return connections.use(signal, work, purpose);
  };

  /** For questions about a stream that may never have run: reads no table that is not there, and creates none. */
  const whenPresent = <T>(
    target: StreamTable & OnBehalf,
    { signal, needs, otherwise }: { signal: AbortSignal; needs: string; otherwise: T },
    work: (session: Session) => Promise<T>,
  ): Promise<T> =>
    use(signal, target, async (session) => {
      const { schema } = target.table;
      if (!(await hasSchema(session, schema))) return otherwise;
      const present = await listTables(session, schema, { startingWith: needs });
      return present.has(storedName(needs)) ? work(session) : otherwise;
    });

  return {
    isMetered: true,
    identity: `snowflake:${parseAccount(config.account)!.identity}/${config.database}`,
    ownerQueue: null,
    stages: openStages(config, connections),
    maxTextBytes,
    own: () => Promise.reject(new SyncError('ConfigInvalid', 'Snowflake has no owner: any process may write it')),

    check: (use, signal) => checkAccount(connections, config, use, signal),

    claimRun: (request, signal) =>
      use(signal, request, async (session) => {
        try {
          await setup.prepare(session, request);
          return await claimInSession(session, request);
        } catch (error) {
          if (!(error instanceof SyncError && error.kind === 'Fenced')) setup.forget(request);
          throw error;
        }
      }),

    openRun: (request, signal) => use(signal, request, (session) => openRunInSession(session, request, shapes)),

    readPlan: (target, signal) => use(signal, target, (session) => readStoredPlan(session, target)),

    readState: (target, signal) =>
      use(signal, target, async (session) => {
        const { schema } = target.table;
        if (!(await hasSchema(session, schema))) return emptyState;
        return readStreamState(session, target, await listStreamTables(session, target));
      }),

    surveyTable: (request, signal) =>
      use(signal, { plan: request.plan, mode: 'backfill' }, (session) => surveyInSession(session, request)),

    adoptTable: (request, signal) =>
      use(signal, { ...request, mode: 'backfill' }, (session) => adoptInSession(session, request)),

    widenColumns: (request, signal) => use(signal, request, (session) => widenInSession(session, request)),

    mergeBatch: (request, signal, transactions) =>
      mergeBatch(connections, request, signal, {
        location: stageLocation(config, request.plan.table.schema),
        shapes,
        transactions: transactions ?? null,
      }),

    compareListing: (request, signal) => use(signal, request, (session) => compareInSession(session, request)),

    beginVanished: (request, signal) => use(signal, request, (session) => beginVanishedInSession(session, request)),

    readWork: (request, signal) => use(signal, request, (session) => readWorkIds(session, request)),

    reportListing: (request, signal) =>
      use(signal, request, async (session) => {
        if (!(await hasSchema(session, request.table.schema))) throw nothingToCompare(request.stream);
        return reportInSession(session, request, stageLocation(config, request.table.schema));
      }),

    resetStream: (request, signal) =>
      use(signal, { stream: request.stream }, async (session) => {
        if (!(await hasSchema(session, request.table.schema))) throw nothingToReset(request.stream);
        return resetInSession(session, request);
      }),

    closeRun: (request, signal) => use(signal, request, (session) => closeRunInSession(session, request)),

    closeLostRuns: (target, signal) =>
      whenPresent<string[]>(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) =>
        closeNamedRuns(session, target),
      ),

    listOpenRuns: (target, signal) =>
      whenPresent<OpenRunRecord[]>(target, { signal, needs: 'sync_runs', otherwise: [] }, (session) =>
        selectOpenRuns(session, target),
      ),

    countRows: (target, signal) =>
      whenPresent<{ live: number; deleted: number } | null>(
        target,
        { signal, needs: target.table.table, otherwise: null },
        (session) => countRows(session, target.table),
      ),

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

    readCost: (request, signal) => {
      const warehouses = new Set([warehouseFor(config, 'backfill'), warehouseFor(config, 'incremental')]);
      return connections.use(signal, (session) => readCostInSession(session, request, [...warehouses]));
    },

    close: () => connections.close(),
  };
}
