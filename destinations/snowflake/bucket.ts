import { createHash } from 'node:crypto';
import { BrokenContent, toBucketError } from './bucket-errors.ts';
import type { BucketPlace } from './external-stage.ts';

/** For a connection to be there, and for one on which nothing moves. */
const connectTimeoutMs = 10_000;
const idleTimeoutMs = 60_000;

/** A bucket of S3, by the credentials of this process's environment. It raises `SyncError`. */
export interface Bucket {
  /** Resolves when S3 has the content, whole. One that is there already is replaced. */
  put(key: string, content: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Raises what would keep `put` from it, and stores nothing. */
  tryPut(key: string, signal: AbortSignal): Promise<void>;
}

export type OpenBucket = (place: BucketPlace) => Promise<Bucket>;

/**
 * Credentials and region are those of the AWS SDK's own order: environment, profile, container, machine. Loads the SDK, which
 * takes a while, when it is first needed.
 */
export const openBucket: OpenBucket = async ({ bucket, region }) => {
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...regionFor(region, process.env),
    // A bucket that is elsewhere tells where.
    followRegionRedirects: true,
    // Stores that are no AWS have no host name for each bucket.
    forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined || process.env['AWS_ENDPOINT_URL'] !== undefined,
    // The MD5 below is a check that every such store knows; checksums of its own, only S3 does.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs },
  });
  const send = async (key: string, body: Uint8Array, md5Of: Uint8Array, signal: AbortSignal): Promise<void> => {
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentMD5: md5(md5Of) });
    try {
      await client.send(command, { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw toBucketError(error, { bucket, key });
    }
  };
  return {
    put: (key, content, signal) => send(key, content, content, signal),
    async tryPut(key, signal) {
      try {
        // Whether it may be put is decided first; then its digest is not that of its content.
        await send(key, Buffer.from('a'), Buffer.from('b'), signal);
      } catch (error) {
        if (!(error instanceof BrokenContent)) throw error;
      }
    },
  };
};

/** What the environment says, which may be meant for a store that is no AWS; else where the bucket is known to be. */
function regionFor(region: string | null, env: NodeJS.ProcessEnv): { region?: string } {
  return region === null || env['AWS_REGION'] !== undefined ? {} : { region };
}

function md5(content: Uint8Array): string {
  return createHash('md5').update(content).digest('base64');
}
