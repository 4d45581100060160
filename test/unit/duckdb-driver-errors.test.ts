import { describe, expect, it } from 'vitest';
import { toSyncError } from '../../destinations/duckdb/driver-errors.ts';
import { SyncError } from '../../model/errors.ts';

const path = '/data/warehouse.duckdb';

describe('errors of the DuckDB driver', () => {
  it.each([
    ["Conversion Error: Could not convert string 'SECRET' to INT64\n\nLINE 1: SECRET", 'DataRejected'],
    ['Invalid Input Error: CSV Error on Line: 3\nOriginal Line: SECRET', 'DataRejected'],
    ['Constraint Error: NOT NULL constraint failed: SECRET', 'DataRejected'],
    ['Something Error: SECRET', 'Unavailable'],
    ['SECRET', 'Unavailable'],
  ] as const)('keeps values out: %s', (text, kind) => {
    const { error } = toSyncError(new Error(text), path);
    expect(error.kind).toBe(kind);
    expect(JSON.stringify([error.message, error.next, String(error.cause)])).not.toContain('SECRET');
    expect(error.message).toContain(path);
  });

  it.each([
    ['IO Error: Could not write file "/data/x": No space left on device', 'Unavailable'],
    ['IO Error: Cannot open file "/data/x": Permission denied', 'ConfigInvalid'],
    ['IO Error: The file "/data/x" exists, but it is not a valid DuckDB database file!', 'ConfigInvalid'],
    ['Out of Memory Error: could not allocate block of size 512.0 MiB', 'ConfigInvalid'],
    ['TransactionContext Error: Failed to commit: Conflict on tuple deletion!', 'Conflict'],
    ['Catalog Error: Table with name contacts does not exist!\nLINE 1: ...', 'SchemaConflict'],
  ] as const)('says what to do about: %s', (text, kind) => {
    const { error, isFatal } = toSyncError(new Error(text), path);
    expect(error.kind).toBe(kind);
    expect(isFatal).toBe(false);
    expect(error.next).toEqual(expect.any(String));
  });

  it('names the process that holds the lock', () => {
    const text =
      'IO Error: Could not set lock on file "/d/x": Conflicting lock is held in /usr/bin/node (PID 4711). See also';
    expect(toSyncError(new Error(text), path).error).toMatchObject({
      kind: 'Conflict',
      message: `${path} is open in another program (process 4711)`,
      next: expect.stringContaining('process 4711'),
    });
  });

  it('has the file opened again after a fatal error, and leaves our own errors alone', () => {
    expect(toSyncError(new Error('FATAL Error: database has been invalidated'), path).isFatal).toBe(true);
    const ours = new SyncError('Fenced', 'text');
    expect(toSyncError(ours, path)).toEqual({ error: ours, isFatal: false });
  });
});
