import { describe, expect, it } from 'vitest';
import { isRefused, isSessionGone, toLoginError, toSyncError } from '../../destinations/snowflake/driver-errors.ts';
import { driverError } from '../support/fake-snowflake-driver.ts';

const place = { account: 'myorg-myaccount', username: 'SLUICE', role: 'LOADER', warehouse: 'WH' };
/** What a text of the server may quote, and no text of ours may. */
const canary = 'p4ss-w0rd-of-ann@example.com';

const login = (code: string, message = '') => toLoginError(driverError(code, '08001', `${message} ${canary}`), place);
const statement = (code: string, message = '') =>
  toSyncError(driverError(code, '42000', `${message} ${canary}`), place);

describe('a refused login', () => {
  it.each([
    ['390100', 'Incorrect username or password was specified.', /the user or the password is wrong/],
    ['390144', 'JWT token is invalid. [0ce9eb56]', /the key is not the one this user has/],
    ['394304', 'JWT token is invalid.', /the key is not the one this user has/],
    ['390303', 'Invalid OAuth access token.', /the OAuth token is not valid/],
    ['390318', 'OAuth access token expired.', /the OAuth token has expired/],
    ['394400', 'Programmatic access token is invalid.', /programmatic access token is not valid/],
    ['390432', 'Network policy is required.', /takes a network policy, and the user has none/],
    [
      '390422',
      'Incoming request with IP/Token 198.51.100.7 is not allowed to access Snowflake.',
      /a network policy refuses/,
    ],
    ['399999', 'IP 198.51.100.7 is not allowed to access Snowflake.', /a network policy refuses/],
    ['394508', 'MFA authentication is required, but none of your current MFA methods are supported', /a second factor/],
    ['390197', 'Multi-factor authentication is required for this account.', /a second factor/],
    ['390186', 'Role specified in the connect string is not granted to this user.', /role LOADER is not granted/],
    ['399998', "User's configured default role 'X' is not granted to this user.", /role LOADER is not granted/],
    ['390101', 'User access disabled. Contact your local system administrator.', /disabled or locked/],
    ['390102', 'Your user account has been temporarily locked', /disabled or locked/],
    ['399997', 'nobody knows', /the login is refused \(error 399997\)$/],
  ])('%s %s', (code, message, text) => {
    const error = login(code, message);
    expect(error).toMatchObject({ kind: 'AuthRejected', next: expect.stringMatching(/./) });
    expect(error.message).toMatch(/^user SLUICE of Snowflake account myorg-myaccount: /);
    expect(error.message).toMatch(text);
    expect(`${error.message} ${error.next}`).not.toContain(canary);
    // An address is nobody's business in a workflow's history.
    expect(error.message).not.toContain('198.51.100.7');
  });

  it('for its warehouse is a matter of config', () => {
    expect(login('390201', 'The requested warehouse does not exist or not authorized.')).toMatchObject({
      kind: 'ConfigInvalid',
      next: 'GRANT USAGE ON WAREHOUSE WH TO ROLE LOADER, or correct warehouse',
    });
  });
});

describe('a failed statement', () => {
  it.each([
    [
      '002003',
      "SQL compilation error:\nTable 'A.B.C' does not exist or not authorized.",
      'SchemaConflict',
      /^Table A\.B\.C does not exist in Snowflake, or role LOADER may not see it/,
    ],
    ['002003', "Stage 'A.B.S' does not exist or not authorized.", 'SchemaConflict', /^Stage A\.B\.S does not exist/],
    [
      '002043',
      'Object does not exist, or operation cannot be performed.',
      'SchemaConflict',
      /^an object does not exist/,
    ],
    [
      '003001',
      "SQL access control error:\nInsufficient privileges to operate on schema 'RAW'",
      'ConfigInvalid',
      /^role LOADER may not do that on schema RAW$/,
    ],
    ['000904', 'SQL compilation error: error line 1\ninvalid identifier \'T."X"\'', 'SchemaConflict', /T\."X"$/],
    ['090105', 'Cannot perform SELECT. This session does not have a current database.', 'ConfigInvalid', /database/],
    ['000606', 'No active warehouse selected in the current session.', 'ConfigInvalid', /^warehouse WH does not exist/],
    ['000615', "Transaction '1' was aborted, SQL execution canceled.", 'Conflict', /was ended from outside$/],
    ['100112', "Remote file 'x' was not found.", 'Unavailable', /^a file of the stage is gone$/],
    ['000608', "Warehouse 'WH' is suspended.", 'Unavailable', /^warehouse WH does not run: it is suspended$/],
    [
      '090073',
      "Warehouse 'WH' cannot be resumed because resource monitor 'M' has exceeded its quota.",
      'Unavailable',
      /a resource monitor holds it$/,
    ],
    ['000625', "Statement 'x' has locked table 'T' in transaction 1", 'Conflict', /another transaction/],
    ['000604', 'SQL execution canceled', 'Unavailable', /stopped a statement \(error 000604\)/],
    ['000630', 'Statement reached its statement or warehouse timeout', 'Unavailable', /stopped a statement/],
    [
      '100038',
      `Numeric value '${canary}' is not recognized`,
      'DataRejected',
      /^Snowflake refused the data of a statement \(error 100038\)$/,
    ],
    [
      '100090',
      `Duplicate row detected during DML action Row Values: ["${canary}"]`,
      'StateCorrupt',
      /two rows for one/,
    ],
    ['100072', 'NULL result in a non-nullable column', 'DataRejected', /error 100072/],
    ['001003', `SQL compilation error: syntax error unexpected '${canary}'`, 'SchemaConflict', /\(error 001003\)$/],
    ['091003', 'PUT is not supported for external stages', 'ConfigInvalid', /external/],
    ['091016', 'Remote file x was not found.', 'Unavailable', /a file of the stage is gone/],
    [
      '099999',
      "Remote file 's3://bucket/x' was not found. There are several potential root causes.",
      'Unavailable',
      /a file of the stage is gone/,
    ],
    [
      '390111',
      'Session no longer exists.',
      'Unavailable',
      /^the session with Snowflake account myorg-myaccount is over$/,
    ],
    ['390318', 'OAuth access token expired.', 'Unavailable', /the session .* is over$/],
    ['555555', 'never heard of', 'Unavailable', /^Snowflake failed on myorg-myaccount \(error 555555\)$/],
  ])('%s %j', (code, message, kind, text) => {
    const error = statement(code, message);
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(text);
    expect(`${error.message} ${error.next}`).not.toContain(canary);
  });

  it('is known not to have had effect only where the server refused it', () => {
    expect(isRefused(driverError('002003', '42S02'))).toBe(true);
    expect(isRefused(driverError('000604', '57014'))).toBe(false);
    expect(isRefused(driverError(401001))).toBe(false);
    expect(isSessionGone(driverError(407002))).toBe(true);
    expect(isSessionGone(driverError('002003'))).toBe(false);
  });
});

describe('a failed connection', () => {
  const network = (cause: object) => toLoginError(Object.assign(new Error(canary), { code: 401001, ...cause }), place);

  it.each([
    [
      'another account',
      { response: { statusCode: 404 } },
      'ConfigInvalid',
      /^there is no Snowflake account myorg-myaccount \(HTTP 404\)$/,
    ],
    ['a forbidden one', { response: { status: 403 } }, 'ConfigInvalid', /\(HTTP 403\)$/],
    [
      'a server in trouble',
      { response: { statusCode: 503 } },
      'Unavailable',
      /^Snowflake answered HTTP 503 for myorg-myaccount$/,
    ],
    [
      'no such host',
      { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) },
      'Unavailable',
      /^the host of Snowflake account myorg-myaccount is not known$/,
    ],
    [
      'nobody there',
      { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) },
      'Unavailable',
      /cannot be reached \(ECONNREFUSED\)$/,
    ],
    [
      'a full disk',
      { cause: Object.assign(new Error(), { code: 'ENOSPC' }) },
      'Unavailable',
      /^this machine's temporary folder could not take a file \(ENOSPC\)$/,
    ],
    ['storage out of reach', { code: 402001 }, 'Unavailable', /could not be fetched$/],
    ['nothing known', {}, 'Unavailable', /^Snowflake failed on myorg-myaccount \(error 401001\)$/],
  ])('%s', (_, cause, kind, text) => {
    const error = network(cause);
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(text);
    expect(`${error.message} ${error.next}`).not.toContain(canary);
  });
});
