import type { StagePart } from '../../model/batch.ts';
import type { Session } from './session.ts';
import { listFiles } from './stage-listing.ts';
import { buildCopy, buildCreateStaging, type Staging } from './staging-statements.ts';

export interface StagedSource {
  /** The named stage that paths count from, as SQL: `@"SCHEMA"."NAME"`. */
  readonly location: string;
  readonly part: StagePart;
}

/**
 * Fills a temporary table with the staged texts of a part, before any transaction: to create a table commits an open one.
 * False where a file of the part is gone.
 */
export async function loadStaging(
  session: Session,
  staging: Staging,
  { location, part }: StagedSource,
): Promise<boolean> {
  await session.execute(buildCreateStaging(staging));
  const paths = part.files.map(({ path }) => path);
  if (paths.length === 0) return true;
  try {
    await session.execute(buildCopy(staging, { location, paths }));
    return true;
  } catch (error) {
    // Asked of the stage itself, since the driver's codes for a lost file differ by kind of stage.
    if (await areListed(session, { location, paths })) throw error;
    return false;
  }
}

async function areListed(
  session: Session,
  { location, paths }: { readonly location: string; readonly paths: readonly string[] },
): Promise<boolean> {
  const names: string[] = [];
  for (const folder of new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))) {
    const rows = await listFiles(session, location, folder);
    names.push(...rows.map((row) => String(row['name'])));
  }
  // A name begins with that of the stage, or with the address of its bucket.
  return paths.every((path) => names.some((name) => name.endsWith(`/${path}`)));
}
