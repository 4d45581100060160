import { SyncError } from '../../model/errors.ts';
import { uploadedModeFolder, uploadedRunFolder, type RemoteStages } from '../../model/remote-stages.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { StagedRun, StagedRunName } from '../../model/staged-run.ts';
import { hasStage } from './catalogue.ts';
import { openBucket as openS3Bucket, type Bucket, type OpenBucket } from './bucket.ts';
import type { Connections } from './connection.ts';
import { bucketPlaceOf, type BucketPlace } from './external-stage.ts';
import { showStage, stageNameOf } from './named-stage.ts';
import { ObjectMissing } from './object-missing.ts';
import { putFiles } from './put.ts';
import type { Purpose } from './query-tag.ts';
import { putIntoBucket, requireListed } from './put-into-bucket.ts';
import type { Session, SqlRow } from './session.ts';
import { listFiles } from './stage-listing.ts';
import {
  buildCreateStage,
  buildRemoveFiles,
  folderInNamedStage,
  ownStageOf,
  type StageOwner,
  stageLocation,
} from './stage-statements.ts';

/** Where files go once a stage is known to be there: by PUT, or into its bucket. */
type Target = 'internal' | { readonly bucket: Bucket; readonly place: BucketPlace };

/**
 * A named stage, by statements that need no warehouse. PUT takes internal stages only; the files of an external one go into its
 * bucket, by credentials of this machine. Snowflake lists and removes those of either.
 */
export function openStages(
  config: StageOwner,
  connections: Connections,
  { openBucket = openS3Bucket }: { readonly openBucket?: OpenBucket } = {},
): RemoteStages {
  /** By schema, of what is known to be there. */
  const targets = new Map<string, Target>();

  const makeReady = async (session: Session, schema: string): Promise<Target> => {
    const { stage } = config;
    if (stage === undefined) {
      // For one that exists, IF NOT EXISTS asks for a privilege that a loader need not have.
      if (!(await hasStage(session, ownStageOf(schema)))) await session.execute(buildCreateStage(schema));
      return 'internal';
    }
    const row = await showStage(session, stageNameOf({ ...config, stage }, schema));
    // Of one that cannot be seen, the PUT tells.
    const place = row === null ? null : bucketPlaceOf(row, stage);
    if (place === null) return 'internal';
    const prefix = `${place.prefix}${folderInNamedStage(config)}/`;
    return { bucket: await openBucket(place), place: { ...place, prefix } };
  };

  const targetFor = async (schema: string, purpose: Purpose, signal: AbortSignal): Promise<Target> => {
    const known =
      targets.get(schema) ?? (await connections.use(signal, (session) => makeReady(session, schema), purpose));
    targets.set(schema, known);
    return known;
  };

  const list = (session: Session, schema: string, folder: string): Promise<SqlRow[]> =>
    listFiles(session, stageLocation(config, schema), folder);

  const remove = async (session: Session, schema: string, folder: string): Promise<void> => {
    try {
      await session.query(buildRemoveFiles(stageLocation(config, schema), folder));
    } catch (error) {
      if (!(error instanceof ObjectMissing)) throw error;
    }
  };

  return {
    async putFiles({ schema, directory, paths }, signal) {
      const location = stageLocation(config, schema);
      const purpose = purposeOf(directory);
      try {
        const target = await targetFor(schema, purpose, signal);
        if (target === 'internal') return await putFiles(connections, { location, directory, paths, purpose }, signal);
        const put = await putIntoBucket(target, { directory, paths }, signal);
        const rows = await connections.use(signal, (session) => list(session, schema, directory), purpose);
        requireListed(put, rows, config.stage!);
      } catch (error) {
        targets.delete(schema);
        if (!(error instanceof ObjectMissing) || config.stage !== undefined) throw error;
        throw new SyncError('Unavailable', `the stage of schema ${schema} is gone`, {
          next: 'let it be tried again: it is made anew',
          cause: error,
        });
      }
    },

    removeRun: (run, signal) =>
      connections.use(
        signal,
        (session) => remove(session, run.schema, uploadedRunFolder(run)),
        purposeOf(uploadedRunFolder(run)),
      ),

    removeOtherRuns: ({ run, ...of }, signal) => {
      const purpose = purposeOf(uploadedRunFolder({ ...of, run }));
      return connections.use(
        signal,
        async (session) => {
          const rows = await list(session, of.schema, uploadedModeFolder(of));
          const found = new Set(rows.map((row) => placeOf(row)?.run));
          for (const other of found) {
            if (other === undefined || other === run) continue;
            await remove(session, of.schema, uploadedRunFolder({ ...of, run: other }));
          }
        },
        purpose,
      );
    },

    listRuns: ({ schema }, signal) =>
      connections.use(signal, async (session) => sumByRun(await list(session, schema, schema))),
  };
}

/** Of `<schema>/<stream>/<mode>/<run>`, and what is below: whoever it is of pays, and is named with the statement. */
function purposeOf(folder: string): Purpose {
  const [, stream, mode, run] = folder.split('/');
  return { stream: stream!, mode: mode as SyncMode, run: run! };
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
