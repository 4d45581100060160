import { SyncError } from '../../model/errors.ts';

export interface DriverFailure {
  readonly error: SyncError;
  /** The database instance refuses all further work and has to be opened again. */
  readonly isFatal: boolean;
}

/**
 * What went wrong, without the driver's own words where these may quote a value: conversion, CSV and constraint
 * errors do. The driver gives no codes, so its text is all there is to tell errors apart.
 */
export function toSyncError(error: unknown, path: string): DriverFailure {
  if (error instanceof SyncError) return { error, isFatal: false };
  const text = error instanceof Error ? error.message : String(error);
  return { error: classify(text, path), isFatal: /^(FATAL|INTERNAL) Error|has been invalidated/.test(text) };
}

function classify(text: string, path: string): SyncError {
  const firstLine = text.split('\n', 1)[0]!;
  const label = /^[A-Za-z ]+ Error/.exec(text)?.[0] ?? 'DuckDB error';

  if (text.includes('Could not set lock on file')) {
    const pid = /\(PID (\d+)\)/.exec(text)?.[1];
    return new SyncError('Conflict', `${path} is open in another program${pid ? ` (process ${pid})` : ''}`, {
      next: pid
        ? `close that program (process ${pid}) or point it at a copy`
        : 'close that program or point it at a copy',
    });
  }
  if (text.includes('not a valid DuckDB database file')) {
    return new SyncError('ConfigInvalid', `${path} exists but is not a DuckDB database`, {
      next: 'choose another path or move that file away',
    });
  }
  if (/newer version of DuckDB|storage version|Serialization Error/i.test(text)) {
    return new SyncError('ConfigInvalid', `${path} was written by another version of DuckDB than this one can read`, {
      next: 'choose another path or export the file with the DuckDB that wrote it',
    });
  }
  if (/No space left on device|disk is full|Disk quota exceeded/i.test(text)) {
    return new SyncError('Unavailable', `no space is left on the disk of ${path}`, { next: 'free disk space' });
  }
  if (/Permission denied|Read-only file system|Is a directory|No such file or directory/i.test(text)) {
    const why = /Permission denied|Read-only file system|Is a directory|No such file or directory/i.exec(text)![0];
    return new SyncError('ConfigInvalid', `${path} cannot be opened for writing: ${why.toLowerCase()}`, {
      next: 'choose a path in a folder this user may write to',
    });
  }
  if (text.startsWith('Out of Memory Error')) {
    return new SyncError('ConfigInvalid', `DuckDB ran out of its memory limit on ${path}`, {
      next: "raise the destination's memoryLimit or lower the stream's chunkRecords",
    });
  }
  if (/^TransactionContext Error|^Transaction Error|[Cc]onflict on /.test(text)) {
    return new SyncError('Conflict', `another transaction changed ${path} at the same time`, {
      next: 'let it be tried again',
    });
  }
  if (text.startsWith('Dependency Error')) {
    return new SyncError('SchemaConflict', `${path}: a table cannot be changed while an index depends on it`, {
      next: 'drop that index, start the run again, and create the index anew afterwards',
    });
  }
  if (/^(Catalog|Binder) Error/.test(text)) {
    return new SyncError('SchemaConflict', `${path}: ${firstLine}`, {
      next: 'start the run again, so that its tables are checked and created',
    });
  }
  if (/^(Conversion|Invalid Input|Constraint|Out of Range) Error/.test(text)) {
    return new SyncError('DataRejected', `DuckDB refused the data of a statement on ${path} (${label})`);
  }
  return new SyncError('Unavailable', `DuckDB failed on ${path} (${label})`);
}
