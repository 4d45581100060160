import { basename } from 'node:path';
import { SyncError } from '../../model/errors.ts';
import type { Bucket } from './bucket.ts';
import type { BucketPlace } from './external-stage.ts';
import type { SqlRow } from './session.ts';
import { stagedContent } from './staged-file.ts';
import { throughLanes } from './upload-lanes.ts';

export interface BucketUpload {
  /** Below the stage, without a slash at either end. */
  readonly directory: string;
  /** Gzip files of this machine; each keeps its name. One that is there already is replaced. */
  readonly paths: readonly string[];
}

/** How many bytes were put, by path below the stage. */
export type PutSizes = ReadonlyMap<string, number>;

/** Resolves when every file is in the bucket, whole. The first failure stops the rest. */
export async function putIntoBucket(
  { bucket, place }: { readonly bucket: Bucket; readonly place: BucketPlace },
  { directory, paths }: BucketUpload,
  signal: AbortSignal,
): Promise<PutSizes> {
  const sizes = new Map<string, number>();
  await throughLanes(paths, signal, async (next, stop) => {
    for (let path = next(); path !== undefined; path = next()) {
      const content = await stagedContent(path);
      const name = `${directory}/${basename(path)}`;
      await bucket.put(place.prefix + name, content, stop);
      sizes.set(name, content.length);
    }
  });
  return sizes;
}

/**
 * That Snowflake sees what was put, by rows of LIST: the bucket's address, and who may read it, are told to it and to us in
 * different places. Raises `ConfigInvalid`.
 */
export function requireListed(put: PutSizes, rows: readonly SqlRow[], stage: string): void {
  for (const [name, sizeBytes] of put) {
    const found = rows.find((row) => String(row['name']).endsWith(`/${name}`));
    if (Number(found?.['size']) === sizeBytes) continue;
    throw new SyncError(
      'ConfigInvalid',
      `stage ${stage} does not show ${name} as it was put into its bucket (${found === undefined ? 'not there' : 'another size'})`,
      { next: 'look whether AWS_ENDPOINT_URL_S3 leads to the bucket of the stage, and its integration may list it' },
    );
  }
}
