import { SyncError } from '../../model/errors.ts';
import type { SqlRow } from './session.ts';

/** Where the files of an external stage are. */
export interface BucketPlace {
  readonly bucket: string;
  /** What the keys of its files begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Where Snowflake says that the bucket is; null where it does not. */
  readonly region: string | null;
}

/**
 * Of a row of SHOW STAGES; null for an internal stage. Raises `ConfigInvalid` for one that Sluice cannot write to. `stage` is
 * its name in config.
 */
export function bucketPlaceOf(row: SqlRow, stage: string): BucketPlace | null {
  if (!/external/i.test(String(row['type']))) return null;
  const url = String(row['url']);
  const [, scheme, bucket, path] = /^([a-z0-9]+):\/\/([^/]+)(\/.*)?$/i.exec(url) ?? [];
  if (bucket === undefined || !/^s3(gov|china)?$/i.test(scheme!)) {
    throw refused(`stage ${stage} is at ${cloudNames[scheme?.toLowerCase() ?? ''] ?? 'no bucket of S3'}`, {
      next: 'name an external stage of S3 or an internal one, or leave stage out',
    });
  }
  // Snowflake joins an address and what follows it as they are, so that without the slash files would be beside the folder.
  if (!path?.endsWith('/')) {
    throw refused(`the address of ${stage}, ${url}, does not end with a slash`, {
      next: `ALTER STAGE ${stage.slice(1)} SET URL = '${url}/'`,
    });
  }
  if (row['has_encryption_key'] === 'Y') {
    throw refused(`stage ${stage} has a key of its own, with which its files would have to be encrypted`, {
      next: 'let the bucket encrypt them (SSE), and make a stage without MASTER_KEY',
    });
  }
  const region = String(row['region'] ?? '');
  return { bucket, prefix: path.slice(1), region: /^[a-z]{2}(-[a-z]+)+-\d+$/.test(region) ? region : null };
}

const cloudNames: Readonly<Record<string, string>> = {
  azure: 'Azure',
  gcs: 'Google Cloud',
  s3compat: 'a store like S3',
};

function refused(what: string, options: { readonly next: string }): SyncError {
  return new SyncError('ConfigInvalid', what, options);
}
