import { SyncError } from '../../model/errors.ts';
import type { ErrorPlace } from './error-place.ts';
import { ObjectMissing } from './object-missing.ts';
import { transactionGone } from './within-transaction.ts';

const startAgain = 'start the run again, so that its tables are checked and created';
const setUp = 'run the setup of `sluice init snowflake`, or correct the names in config';
const tryAgain = 'let it be tried again';

/**
 * What the server refused or stopped, by its six digits. `message` is its own text, which may quote a value: only names are
 * taken from it. Null for a code that tells nothing.
 */
export function ofStatement(code: string, message: string, place: ErrorPlace): SyncError | null {
  const { warehouse } = place;
  // Some codes of warehouses and stage files are unverified, so these are known by what is said.
  if (/\bresource monitor\b/i.test(message)) return heldWarehouse(place, 'a resource monitor holds it');
  if (/^Warehouse .* (is suspended|cannot be resumed)/is.test(message)) return heldWarehouse(place, 'it is suspended');
  if (/\bremote file .* (was not found|does not exist)/is.test(message)) return stageFileGone();
  switch (code) {
    case '002003':
    case '002043':
      return new ObjectMissing(
        `${objectOf(message)} does not exist in Snowflake, or ${roleText(place)} may not see it`,
        { next: `grant it to the role or correct its name, then ${startAgain}` },
      );
    case '003001':
    case '003041':
      return new SyncError('ConfigInvalid', `${roleText(place)} may not do that${onObject(message)}`, { next: setUp });
    case '000904':
      return new SyncError('SchemaConflict', `a column does not exist in Snowflake: ${identifierOf(message)}`, {
        next: startAgain,
      });
    case '090105':
    case '090106':
      return new SyncError(
        'ConfigInvalid',
        `the database does not exist in Snowflake, or ${roleText(place)} may not use it`,
        { next: setUp },
      );
    case '000606':
      return new SyncError(
        'ConfigInvalid',
        `warehouse ${warehouse} does not exist, or ${roleText(place)} may not use it`,
        {
          next: `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${place.role ?? '...'}, or correct warehouse`,
        },
      );
    case '000608':
    case '090073':
      return heldWarehouse(place, 'it is suspended');
    case '000625':
      return new SyncError(
        'Conflict',
        'another transaction held a table of Snowflake for longer than a statement waits',
        {
          next: `${tryAgain}; SHOW LOCKS IN ACCOUNT names the other`,
        },
      );
    // "Transaction '...' was aborted, SQL execution canceled."
    case '000615':
      return transactionGone();
    case '000603':
    case '000604':
    case '000630':
      return new SyncError('Unavailable', `Snowflake stopped a statement (error ${code})`, {
        next: 'raise statementTimeoutMs if it was too short, or look at the query history',
      });
    case '091003':
      return new SyncError('ConfigInvalid', 'the stage is an external one, and PUT takes internal ones only', {
        next: 'start the run again: it was an internal one before',
      });
    case '091016':
    case '100112':
      return stageFileGone();
    case '100090':
      return new SyncError('StateCorrupt', 'a MERGE met two rows for one row of its table', {
        next: 'report this as an issue: duplicates are reduced before',
      });
    default:
      return ofCodeRange(code);
  }
}

/** 100xxx: the data was refused, as for casts, constraints and sizes; 001xxx and 002xxx: the statement was. */
function ofCodeRange(code: string): SyncError | null {
  if (/^100\d{3}$/.test(code)) {
    return new SyncError('DataRejected', `Snowflake refused the data of a statement (error ${code})`);
  }
  return /^00[12]\d{3}$/.test(code)
    ? new SyncError('SchemaConflict', `Snowflake refused a statement (error ${code})`, { next: startAgain })
    : null;
}

function heldWarehouse({ warehouse }: ErrorPlace, why: string): SyncError {
  return new SyncError('Unavailable', `warehouse ${warehouse} does not run: ${why}`, {
    next: `ALTER WAREHOUSE ${warehouse} SET AUTO_RESUME = TRUE, or resume it; let an administrator look at its resource monitor`,
  });
}

function stageFileGone(): SyncError {
  return new SyncError('Unavailable', 'a file of the stage is gone', { next: tryAgain });
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
