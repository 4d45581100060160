/**
 * At the end of every CREATE TABLE with columns: texts are compared byte by byte, as by the sources, whatever DEFAULT_DDL_COLLATION the account,
 * the database or the schema has. With a collation two keys may be one, and REGEXP_LIKE, which casts rely on, is an error. The
 * table's own option holds for columns that are added later, too.
 */
export const comparesBytes = "DEFAULT_DDL_COLLATION = ''";

/** For tables that are gone with a run: what is erased, or dropped, is not to be brought back by Time Travel. */
export const keepsNoHistory = 'DATA_RETENTION_TIME_IN_DAYS = 0';
