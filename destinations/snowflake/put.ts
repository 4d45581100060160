import { basename, sep } from 'node:path';
import { SyncError } from '../../model/errors.ts';
import type { Connections } from './connection.ts';
import { quoteText } from './identifiers.ts';
import type { Purpose } from './query-tag.ts';
import { numberOf, type Session, type SqlRow, type Statement } from './session.ts';
import { stagedSize } from './staged-file.ts';
import { throughLanes } from './upload-lanes.ts';

export interface PutRequest {
  /** The named stage, as SQL: `@"SCHEMA"."NAME"`. */
  readonly location: string;
  /** Below the stage, without a slash at either end. */
  readonly directory: string;
  /** Gzip files of this machine; each keeps its name. One that is there already is replaced. */
  readonly paths: readonly string[];
  /** For whom; unknown unless given. */
  readonly purpose?: Purpose;
}

/** Resolves when every file is at the stage, whole. The first failure stops the rest. Needs no warehouse. */
export async function putFiles(
  connections: Connections,
  { location, directory, paths, purpose }: PutRequest,
  signal: AbortSignal,
): Promise<void> {
  // Before anything is sent: one path may be such that a PUT cannot name it.
  const files = paths.map((path) => ({ path, statement: buildPut({ location, directory, path }) }));
  // The driver puts the files of one statement one after the other, so each lane has a session of its own.
  await throughLanes(files, signal, (next, stop) =>
    connections.use(
      stop,
      async (session) => {
        for (let file = next(); file !== undefined; file = next()) await putOne(session, file.path, file.statement);
      },
      purpose,
    ),
  );
}

/**
 * AUTO_COMPRESS would compress once more; the kind of compression is said, since to find out the driver opens a file for
 * writing. Raises `ConfigInvalid` for a path that a PUT cannot name.
 */
export function buildPut({
  location,
  directory,
  path,
}: Pick<PutRequest, 'location' | 'directory'> & { readonly path: string }): Statement {
  const local = sep === '\\' ? path.replaceAll('\\', '/') : path;
  // How a PUT reads these is not said anywhere, and to guess could upload another file.
  if (/['"\\*?\p{Cc}]/u.test(local)) {
    throw new SyncError('ConfigInvalid', `Snowflake's PUT cannot name ${path}`, {
      next: 'choose a dataDir without quotes, backslashes, * and ?',
    });
  }
  return {
    sql:
      `PUT ${quoteText(`file://${local}`)} ${quoteText(`${location}/${directory}`)} ` +
      'AUTO_COMPRESS = FALSE SOURCE_COMPRESSION = GZIP OVERWRITE = TRUE',
  };
}

async function putOne(session: Session, path: string, statement: Statement): Promise<void> {
  const sizeBytes = await stagedSize(path);
  const [row] = await session.query(statement);
  // A failed upload may be an answer like any other. Its message is not repeated: it may hold a signed address.
  if (!isPut(row) || numberOf(row, 'sourcesize') !== sizeBytes) {
    throw new SyncError('Unavailable', `${basename(path)} did not reach the stage in Snowflake (${statusOf(row)})`, {
      next: 'let it be tried again; a firewall may have to allow the storage hosts of SYSTEM$ALLOWLIST()',
    });
  }
}

function isPut(row: SqlRow | undefined): boolean {
  return row?.['status'] === 'UPLOADED' || row?.['status'] === 'SKIPPED';
}

/** Only the driver's own words. */
function statusOf(row: SqlRow | undefined): string {
  const status = row?.['status'];
  return typeof status === 'string' && /^[A-Z_]{1,40}$/.test(status) ? status : 'no status';
}
