/** Why `sync_errors` keeps something, as every destination says it. */

export const noKey = 'record has no key';
/** Before the type of the key. */
export const unusableKey = 'key does not convert to ';
/** Before the type of the column. */
export const unconvertible = 'does not convert to ';
