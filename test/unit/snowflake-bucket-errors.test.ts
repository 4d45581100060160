import { describe, expect, it } from 'vitest';
import { toBucketError } from '../../destinations/snowflake/bucket-errors.ts';

const place = { bucket: 'lake', key: 'some/records.csv.gz' };
const secret = 'AKIASECRET';

/** As the AWS SDK raises it: a name, a text that may quote what was signed, and the status. */
function s3Error(name: string, status?: number): Error {
  return Object.assign(new Error(`${name}: ${secret}`), {
    name,
    ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }),
  });
}

describe('what a bucket refuses', () => {
  it.each([
    [s3Error('AccessDenied', 403), 'ConfigInvalid', /s3:PutObject on s3:\/\/lake\/some\/records.csv.gz/],
    [s3Error('KMS.DisabledException', 400), 'ConfigInvalid', /KMS.DisabledException/],
    [s3Error('NoSuchBucket', 404), 'ConfigInvalid', /^bucket lake does not exist$/],
    [s3Error('PermanentRedirect', 301), 'ConfigInvalid', /another region/],
    [new Error('Region is missing'), 'ConfigInvalid', /not known in which region/],
    [s3Error('InvalidAccessKeyId', 403), 'AuthRejected', /InvalidAccessKeyId/],
    [s3Error('SignatureDoesNotMatch', 403), 'AuthRejected', /SignatureDoesNotMatch/],
    [s3Error('CredentialsProviderError'), 'AuthRejected', /no AWS credentials/],
    [s3Error('EntityTooLarge', 400), 'ConfigInvalid', /EntityTooLarge, status 400/],
    [s3Error('BadDigest', 400), 'Unavailable', /did not arrive as it was sent/],
    [s3Error('SlowDown', 503), 'Unavailable', /SlowDown/],
    [s3Error('RequestTimeout', 400), 'Unavailable', /RequestTimeout/],
    [s3Error('InternalError', 500), 'Unavailable', /InternalError/],
    [s3Error('TimeoutError'), 'Unavailable', /TimeoutError/],
    [Object.assign(new Error(secret), { code: 'ECONNREFUSED' }), 'Unavailable', /ECONNREFUSED/],
    [new Error(`${secret} refused`), 'Unavailable', /Error/],
    ['no error', 'Unavailable', /no name/],
  ] as const)('%s is told by its kind, without what AWS says of it', (error, kind, message) => {
    const told = toBucketError(error, place);
    expect(told).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect([told.message, told.next, told.cause].join()).not.toContain(secret);
  });
});
