import { SyncError } from '../../model/errors.ts';

/** S3 got another content than its digest is of. */
export class BrokenContent extends SyncError {
  constructor(place: BucketKey) {
    super('Unavailable', `s3://${place.bucket}/${place.key} did not arrive as it was sent`, {
      next: 'let it be tried again',
    });
    this.name = 'BrokenContent';
  }
}

export interface BucketKey {
  readonly bucket: string;
  readonly key: string;
}

/** By name and status alone: texts of AWS may hold key ids and what was signed. */
export function toBucketError(error: unknown, place: BucketKey): SyncError {
  const { name, status, isSystem } = told(error);
  const bucket = `bucket ${place.bucket}`;
  if (/^(BadDigest|InvalidDigest|IncompleteBody)$/.test(name)) return new BrokenContent(place);
  if (/^(Credentials|Token)ProviderError$/.test(name)) {
    return new SyncError('AuthRejected', `there are no AWS credentials for ${bucket} where the worker runs`, {
      next: 'give it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of its machine',
    });
  }
  if (refusedCredentials.has(name)) {
    return new SyncError('AuthRejected', `AWS does not take the credentials for ${bucket} (${name})`, {
      next: 'renew the AWS credentials where the worker runs',
    });
  }
  if (name === 'NoSuchBucket') {
    return new SyncError('ConfigInvalid', `${bucket} does not exist`, {
      next: 'correct the URL of the stage; with AWS_ENDPOINT_URL_S3 set, look whether the bucket is there',
    });
  }
  if (otherRegion.has(name) || status === 301) {
    return new SyncError('ConfigInvalid', `${bucket} is in another region than the one that was asked (${name})`, {
      next: "set AWS_REGION to the bucket's, where the worker runs",
    });
  }
  if (isRegionMissing(error)) {
    return new SyncError('ConfigInvalid', `it is not known in which region ${bucket} is`, {
      next: 'set AWS_REGION where the worker runs',
    });
  }
  if (name === 'AccessDenied' || name === 'AllAccessDisabled' || name.startsWith('KMS.') || status === 403) {
    return new SyncError(
      'ConfigInvalid',
      `the AWS credentials of the worker may not do s3:PutObject on s3://${place.bucket}/${place.key} (${name})`,
      { next: 'allow it in the policy of the user or role, and kms:GenerateDataKey where the bucket has a key' },
    );
  }
  if (status !== undefined && status < 500 && !passing.has(name) && status !== 429 && status !== 408 && !isSystem) {
    return new SyncError('ConfigInvalid', `${bucket} refused a file (${name}, status ${status})`, {
      next: 'look at the settings of the bucket',
    });
  }
  return new SyncError('Unavailable', `${bucket} could not be written to (${name})`, {
    next: 'let it be tried again; look at the network of this machine, and at AWS_ENDPOINT_URL_S3',
  });
}

const refusedCredentials: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'RequestTimeTooSkewed',
]);

const otherRegion: ReadonlySet<string> = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'TemporaryRedirect',
]);

/** Refusals of a moment, whose status is that of one for good. */
const passing: ReadonlySet<string> = new Set(['RequestTimeout', 'OperationAborted', 'SlowDown', 'Throttling']);

interface Told {
  /** Of the error, in words of the SDK or the system. */
  readonly name: string;
  readonly status: number | undefined;
  readonly isSystem: boolean;
}

function told(error: unknown): Told {
  const { name, code, $metadata } = error as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const isSystem = typeof code === 'string' && /^E[A-Z]+$/.test(code);
  const words = [isSystem ? code : name].find((text) => typeof text === 'string' && /^[\w.]{1,60}$/.test(text));
  return { name: (words as string | undefined) ?? 'no name', status: $metadata?.httpStatusCode, isSystem };
}

/** The SDK raises it as a plain error. */
function isRegionMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing';
}
