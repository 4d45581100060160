import { mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How long opening may wait for others that open. */
const openTimeoutMs = 2_000;
/** How long a process stands still for another's transaction, which takes a fraction of a millisecond. */
const busyTimeoutMs = 25;

/** By `statfs`: where locks of one machine are not seen by another, or memory is not shared. */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x517b: 'SMB',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x5346414f: 'AFS',
};

const tables = `
  CREATE TABLE IF NOT EXISTS lane (
    name TEXT PRIMARY KEY,
    slot_limit INTEGER NOT NULL,
    told_at REAL,
    needs_probe INTEGER NOT NULL,
    blocked_until REAL NOT NULL,
    interactive INTEGER NOT NULL,
    bulk INTEGER NOT NULL,
    interactive_at REAL,
    pace_at REAL NOT NULL,
    least_trip REAL,
    trips INTEGER NOT NULL,
    is_trusted INTEGER NOT NULL,
    touched_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS slot (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    traffic TEXT NOT NULL,
    member TEXT NOT NULL,
    used_then INTEGER NOT NULL,
    taken_at REAL NOT NULL,
    settled_at REAL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS slot_settled ON slot (lane, settled_at) WHERE settled_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS slot_in_flight ON slot (member) WHERE settled_at IS NULL;
  CREATE TABLE IF NOT EXISTS foreign_use (lane TEXT NOT NULL, slots INTEGER NOT NULL, until_at REAL NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS waiter (
    lane TEXT NOT NULL,
    traffic TEXT NOT NULL,
    member TEXT NOT NULL,
    since REAL NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (lane, traffic, member)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS member (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
`;

/**
 * Opens a file that several processes write to many times a second, for their eyes only. What is in it matters for seconds: nothing
 * is ever synced to disk, and a write-ahead log keeps it whole through a kill. Throws where that cannot be had.
 */
export function openBudgetFile(path: string): DatabaseSync {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileSystem = networkFileSystems[statfsSync(folder).type];
  if (fileSystem !== undefined) throw new Error(`${folder} is on a network file system (${fileSystem})`);
  const database = new DatabaseSync(path, { timeout: openTimeoutMs });
  try {
    const mode = database.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
    if (mode.journal_mode !== 'wal') throw new Error('the file system does not share memory between processes');
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** From now on nobody waits long: what found the file busy is tried again. Call it once the process has joined. */
export function hurry(database: DatabaseSync): void {
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
}

/** The same for one process alone. */
export function openBudgetMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  prepare(database);
  return database;
}

function prepare(database: DatabaseSync): void {
  database.exec(`PRAGMA synchronous = OFF; BEGIN IMMEDIATE; ${tables} COMMIT`);
}
