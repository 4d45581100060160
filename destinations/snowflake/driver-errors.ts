import { SyncError } from '../../model/errors.ts';
import { ObjectMissing } from './object-missing.ts';

/** What of the driver's error is used. Its text is taken only where it can hold nothing but names. */
interface DriverError {
  readonly code?: string | number;
  readonly sqlState?: string;
  readonly message?: string;
  readonly response?: { readonly statusCode?: number; readonly status?: number };
  readonly cause?: unknown;
}

/** Where it happened, for texts: account, user and role are names, no secrets. */
export interface ErrorPlace {
  readonly account: string;
  readonly username: string;
  readonly role: string | undefined;
  readonly warehouse: string;
}

/** The session is no more: a statement that is the first of its use may be sent in another. */
const goneCodes: ReadonlySet<string> = new Set([
  '390104',
  '390111',
  '390112',
  '390114',
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
  if (error instanceof SyncError) return error;
  const code = codeOf(error);
  const found =
    ofLogin(code, place) ?? ofStatement(code, error as DriverError, place) ?? ofNetwork(error as DriverError, place);
  return (
    found ??
    new SyncError('Unavailable', `Snowflake failed on ${place.account}${code === '' ? '' : ` (error ${code})`}`)
  );
}

function ofLogin(code: string, { account, username, role }: ErrorPlace): SyncError | null {
  const who = `user ${username} of Snowflake account ${account}`;
  const rejected = (text: string, next: string) => new SyncError('AuthRejected', text, { next });
  switch (code) {
    case '390100':
    case '390101':
    case '390102':
      return rejected(
        `${who}: the user or the password is wrong`,
        'correct username and password; a key pair is safer',
      );
    case '390144':
    case '394300':
    case '394301':
    case '394302':
    case '394303':
    case '394304':
      return rejected(
        `${who}: the key is not the one this user has, or the account or the user is another`,
        'compare DESC USER (RSA_PUBLIC_KEY_FP) with the key, correct account and username, and look at this machine’s clock',
      );
    case '390303':
    case '390195':
      return rejected(
        `${who}: the OAuth token is not valid`,
        'correct the token, and the security integration it comes from',
      );
    case '390318':
      return rejected(
        `${who}: the OAuth token has expired`,
        'write a new token into the file of tokenPath, or use a key pair',
      );
    case '394400':
    case '394401':
      return rejected(
        `${who}: the programmatic access token is not valid or has expired`,
        'make a new one and set pat',
      );
    case '390422':
    case '390420':
    case '390429':
    case '394427':
      return rejected(
        `${who}: a network policy refuses this machine’s address`,
        'let an administrator add this machine’s outgoing address to the network policy of the user or account',
      );
    case '394507':
    case '394508':
    case '394509':
    case '394512':
    case '390127':
    case '390129':
    case '390132':
      return rejected(
        `${who}: a second factor is asked for, which no service can give`,
        'use a key pair with a user of TYPE = SERVICE',
      );
    case '390186':
    case '390189':
      return rejected(
        `${who}: role ${role ?? 'by default'} is not granted to this user`,
        `GRANT ROLE ... TO USER, or correct role`,
      );
    case '390106':
    case '390107':
    case '390108':
    case '390110':
      return rejected(
        `${who}: the user is disabled, locked or has to change its password`,
        'let an administrator look at the user',
      );
    case '390201':
    case '390191':
      return new SyncError('ConfigInvalid', `${who}: a name in the login does not exist, or this role may not use it`, {
        next: 'correct database, warehouse and role, and their grants',
      });
    default:
      return null;
  }
}

function ofStatement(code: string, { message = '' }: DriverError, place: ErrorPlace): SyncError | null {
  const next = 'run the setup of `sluice init snowflake`, or correct the names in config';
  switch (code) {
    case '002003':
    case '002043':
      return new ObjectMissing(
        `${objectOf(message)} does not exist in Snowflake, or ${roleText(place)} may not see it`,
        {
          next: 'grant it to the role or correct its name, then start the run again, so that its tables are checked and created',
        },
      );
    case '003001':
    case '003041':
      return new SyncError('ConfigInvalid', `${roleText(place)} may not do that${onObject(message)}`, { next });
    case '000904':
      return new SyncError('SchemaConflict', `a column does not exist in Snowflake: ${identifierOf(message)}`, {
        next: 'start the run again, so that its tables are checked and created',
      });
    case '090105':
    case '090106':
      return new SyncError(
        'ConfigInvalid',
        `the database does not exist in Snowflake, or ${roleText(place)} may not use it`,
        { next },
      );
    case '000606':
      return new SyncError(
        'ConfigInvalid',
        `warehouse ${place.warehouse} does not exist, or ${roleText(place)} may not use it`,
        {
          next: `GRANT USAGE ON WAREHOUSE ${place.warehouse} TO ROLE ..., or correct warehouse`,
        },
      );
    case '090073':
    case '000608':
    case '090069':
    case '090093':
      return new SyncError('Unavailable', `warehouse ${place.warehouse} is suspended or cannot be resumed`, {
        next: `ALTER WAREHOUSE ${place.warehouse} RESUME, and GRANT OPERATE where it does not resume by itself; a resource monitor may hold it`,
      });
    case '000625':
    case '000617':
      return new SyncError(
        'Conflict',
        `another transaction held a table of Snowflake for longer than a statement waits`,
        {
          next: 'let it be tried again; SHOW LOCKS IN ACCOUNT names the other',
        },
      );
    case '000630':
    case '000604':
    case '000603':
    case '000707':
      return new SyncError('Unavailable', `Snowflake stopped a statement (error ${code})`, {
        next: 'raise statementTimeoutMs if it was too short, or look at the query history',
      });
    case '100090':
      return new SyncError('StateCorrupt', 'a MERGE met two rows for one row of its table', {
        next: 'report this as an issue: duplicates are reduced before',
      });
    case '091016':
    case '091003':
      return new SyncError('Unavailable', 'a file of the stage is gone', { next: 'let it be tried again' });
    default:
      // Casts, constraints and sizes: 1xxxxx says that the data was refused, 0010xx and 0020xx that the statement was.
      if (/^100\d{3}$/.test(code)) {
        return new SyncError('DataRejected', `Snowflake refused the data of a statement (error ${code})`);
      }
      return /^00[12]\d{3}$/.test(code)
        ? new SyncError('SchemaConflict', `Snowflake refused a statement (error ${code})`, {
            next: 'start the run again, so that its tables are checked and created',
          })
        : null;
  }
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
  if (reason !== null) {
    return new SyncError('Unavailable', `Snowflake account ${account} cannot be reached (${reason})`, {
      next: 'look at the network and the proxy of this machine',
    });
  }
  return null;
}

/** Of the error or of whatever caused it. */
function systemCodeOf(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^(E[A-Z]+|CERT_\w+|[A-Z_]*CERT[A-Z_]*)$/.test(code)) return code;
  }
  return null;
}

/** "Table 'X'" of "Table 'X' does not exist or not authorized.": kind and name, no values. */
function objectOf(message: string): string {
  return (
    /\b([A-Z][a-z]+(?: [a-z]+)?) '([^']{1,300})' does not exist/.exec(message)?.slice(1, 3).join(' ') ?? 'an object'
  );
}

function onObject(message: string): string {
  const found = /on (\w+(?: \w+)?) '([^']{1,300})'/.exec(message);
  return found === null ? '' : ` on ${found[1]} ${found[2]}`;
}

function identifierOf(message: string): string {
  return /invalid identifier '([^']{1,300})'/.exec(message)?.[1] ?? 'its name is not given';
}

function roleText({ role }: ErrorPlace): string {
  return role === undefined ? "the user's role" : `role ${role}`;
}
