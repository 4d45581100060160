import { ObjectMissing } from './object-missing.ts';
import type { Session, SqlRow } from './session.ts';
import { buildListFiles } from './stage-statements.ts';

/** The files of a folder of a stage. Where the stage itself is gone, so are its files. */
export async function listFiles(session: Session, location: string, folder: string): Promise<SqlRow[]> {
  try {
    return await session.query(buildListFiles(location, folder));
  } catch (error) {
    if (error instanceof ObjectMissing) return [];
    throw error;
  }
}
