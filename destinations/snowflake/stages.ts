import { SyncError } from '../../model/errors.ts';
import { uploadedModeFolder, uploadedRunFolder, type RemoteStages } from '../../model/remote-stages.ts';
import type { StagedRun, StagedRunName } from '../../model/staged-run.ts';
import type { SnowflakeConfig } from './config.ts';
import { hasStage } from './catalogue.ts';
import type { Connections } from './connection.ts';
import { ObjectMissing } from './object-missing.ts';
import { putFiles } from './put.ts';
import type { Session, SqlRow } from './session.ts';
import { listFiles } from './stage-listing.ts';
import { buildCreateStage, buildRemoveFiles, ownStageOf, stageLocation } from './stage-statements.ts';

/** A named stage, by statements that need no warehouse. */
export function openStages(config: Pick<SnowflakeConfig, 'stage'>, connections: Connections): RemoteStages {
  /** Schemas whose stage is known to be there. */
  const ready = new Set<string>();

  const makeReady = async (session: Session, schema: string): Promise<void> => {
    if (config.stage !== undefined || ready.has(schema)) return;
    // For one that exists, IF NOT EXISTS asks for a privilege that a loader need not have.
    if (!(await hasStage(session, ownStageOf(schema)))) await session.execute(buildCreateStage(schema));
    ready.add(schema);
  };

  const list = (session: Session, schema: string, folder: string): Promise<SqlRow[]> =>
    listFiles(session, stageLocation(config.stage, schema), folder);

  const remove = async (session: Session, schema: string, folder: string): Promise<void> => {
    try {
      await session.query(buildRemoveFiles(stageLocation(config.stage, schema), folder));
    } catch (error) {
      if (!(error instanceof ObjectMissing)) throw error;
    }
  };

  return {
    async putFiles({ schema, directory, paths }, signal) {
      try {
        await connections.use(signal, (session) => makeReady(session, schema));
        const location = stageLocation(config.stage, schema);
        await putFiles(connections, { location, directory, paths }, signal);
      } catch (error) {
        ready.delete(schema);
        if (!(error instanceof ObjectMissing) || config.stage !== undefined) throw error;
        throw new SyncError('Unavailable', `the stage of schema ${schema} is gone`, {
          next: 'let it be tried again: it is made anew',
          cause: error,
        });
      }
    },

    removeRun: (run, signal) =>
      connections.use(signal, (session) => remove(session, run.schema, uploadedRunFolder(run))),

    removeOtherRuns: ({ run, ...of }, signal) =>
      connections.use(signal, async (session) => {
        const rows = await list(session, of.schema, uploadedModeFolder(of));
        const found = new Set(rows.map((row) => placeOf(row)?.run));
        for (const other of found) {
          if (other === undefined || other === run) continue;
          await remove(session, of.schema, uploadedRunFolder({ ...of, run: other }));
        }
      }),

    listRuns: ({ schema }, signal) =>
      connections.use(signal, async (session) => sumByRun(await list(session, schema, schema))),
  };
}

/** `<stage>/<schema>/<stream>/<mode>/<run>/<attempt>/<file>`, whose stage may be a bucket's address. Null for a file of others. */
function placeOf(row: SqlRow): StagedRunName | null {
  const [, stream, mode, run, , file] = String(row['name']).split('/').slice(-6);
  if (stream === undefined || mode === undefined || run === undefined || file === undefined) return null;
  return { stream, mode, run };
}

function sumByRun(rows: readonly SqlRow[]): StagedRun[] {
  const runs = new Map<string, StagedRun>();
  for (const row of rows) {
    const place = placeOf(row);
    if (place === null) continue;
    const key = JSON.stringify(place);
    const before = runs.get(key);
    const modifiedAt = new Date(String(row['last_modified'])).toISOString();
    runs.set(key, {
      ...place,
      sizeBytes: (before?.sizeBytes ?? 0) + Number(row['size']),
      modifiedAt: before !== undefined && before.modifiedAt > modifiedAt ? before.modifiedAt : modifiedAt,
    });
  }
  return [...runs.values()];
}
