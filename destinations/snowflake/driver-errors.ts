import { SyncError } from '../../model/errors.ts';
import type { ErrorPlace } from './error-place.ts';
import { ofLogin } from './login-errors.ts';
import { ofStatement } from './statement-errors.ts';

/** What of the driver's error is used. Its text is taken only where it can hold nothing but names. */
interface DriverError {
  readonly code?: string | number;
  readonly sqlState?: string;
  readonly message?: string;
  readonly response?: { readonly statusCode?: number; readonly status?: number };
  readonly cause?: unknown;
}

/** The session is no more: a statement that is the first of its use may be sent in another. */
const goneCodes: ReadonlySet<string> = new Set([
  '390104',
  '390111',
  '390112',
  '390114',
  // What it was opened with has run out.
  '390318',
  '407001',
  '407002',
  '405501',
  '405503',
]);

export function isSessionGone(error: unknown): boolean {
  return goneCodes.has(codeOf(error));
}

/** Whether the server refused the statement itself, so that it is known not to have had effect. */
export function isRefused(error: unknown): boolean {
  const { sqlState } = error as DriverError;
  return sqlState !== undefined && /^0\d{5}$/.test(codeOf(error)) && !stoppedCodes.has(codeOf(error));
}

const stoppedCodes: ReadonlySet<string> = new Set(['000604', '000630']);

/** Six digits: the server gives texts, the driver numbers; empty where there is none. */
export function codeOf(error: unknown): string {
  const code = (error as DriverError | null)?.code;
  return code === undefined || !/^\d+$/.test(String(code)) ? '' : String(code).padStart(6, '0');
}

/**
 * What went wrong, without the driver's own words where these may quote a value: those of failed casts and of duplicate rows
 * do. Codes as the server and the driver give them.
 */
export function toSyncError(error: unknown, place: ErrorPlace): SyncError {
  // Also where a token has run out: a new login reads it anew, and says so where it is still the old one.
  if (isSessionGone(error)) {
    return new SyncError('Unavailable', `the session with Snowflake account ${place.account} is over`, {
      next: 'let it be tried again, in a new one',
    });
  }
  return toLoginError(error, place);
}

/** The same for a login, where nothing is over yet. */
export function toLoginError(error: unknown, place: ErrorPlace): SyncError {
  if (error instanceof SyncError) return error;
  const code = codeOf(error);
  const message = (error as DriverError | null)?.message ?? '';
  return (
    ofLogin(code, message, place) ??
    ofStatement(code, message, place) ??
    ofNetwork(error as DriverError, place) ??
    new SyncError('Unavailable', `Snowflake failed on ${place.account}${code === '' ? '' : ` (error ${code})`}`)
  );
}

function ofNetwork(error: DriverError, { account }: ErrorPlace): SyncError | null {
  if (/^4020\d{2}$/.test(codeOf(error))) {
    return new SyncError('Unavailable', `an answer of Snowflake account ${account} could not be fetched`, {
      next: 'let it be tried again; a firewall may have to allow the storage hosts of SYSTEM$ALLOWLIST()',
    });
  }
  const status = error.response?.statusCode ?? error.response?.status;
  if (status === 403 || status === 404) {
    return new SyncError('ConfigInvalid', `there is no Snowflake account ${account} (HTTP ${status})`, {
      next: 'correct account: org-account as Snowsight shows it, or the locator with its region',
    });
  }
  if (status !== undefined) {
    return new SyncError('Unavailable', `Snowflake answered HTTP ${status} for ${account}`, {
      next: 'let it be tried again',
    });
  }
  const reason = systemCodeOf(error);
  if (reason === 'ENOTFOUND') {
    // Not ConfigInvalid: a name server that is down says the same.
    return new SyncError('Unavailable', `the host of Snowflake account ${account} is not known`, {
      next: 'correct account or accessUrl, and look whether this machine resolves names',
    });
  }
  if (reason !== null && ofThisMachine.has(reason)) {
    return new SyncError('Unavailable', `this machine's temporary folder could not take a file (${reason})`, {
      next: 'make room there, or name another by TMPDIR',
    });
  }
  if (reason !== null) {
    return new SyncError('Unavailable', `Snowflake account ${account} cannot be reached (${reason})`, {
      next: 'look at the network and the proxy of this machine',
    });
  }
  return null;
}

/** The driver encrypts what it uploads into a file of its own. */
const ofThisMachine: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'ENOENT', 'EMFILE']);

/** Of the error or of whatever caused it. */
function systemCodeOf(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^(E[A-Z]+|CERT_\w+|[A-Z_]*CERT[A-Z_]*)$/.test(code)) return code;
  }
  return null;
}
