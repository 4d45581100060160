const suffix = /\.snowflakecomputing\.(com|cn|mil)$/;

/** Where an account is reached, and its name there. */
export interface Account {
  /** Lower-case, such as `myorg-myaccount.snowflakecomputing.com`. */
  readonly host: string;
  /** As it was written, in lower case and without Snowflake's own domain. */
  readonly name: string;
  /** The same for every spelling of one name. */
  readonly identity: string;
}

/**
 * Reads what people copy: `myorg-myaccount`, a locator with its region (`xy12345.eu-central-1`), a host, the URL of either, or
 * Snowsight's address (`https://app.snowflake.com/myorg/myaccount`). An underscore of an account's name is a hyphen in its host.
 * Null for anything else. Whether a locator and a name are one account only the account itself could tell.
 */
export function parseAccount(text: string): Account | null {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '');
  const [head = '', ...path] = bare.split(/[/?#]/);
  if (head === 'app.snowflake.com') return accountOf(path.slice(0, 2).join('-'));
  if (suffix.test(head)) return accountOf(head);
  return path.length > 0 ? null : accountOf(head);
}

function accountOf(text: string): Account | null {
  const domain = suffix.exec(text)?.[0] ?? (/\.cn-/.test(text) ? '.snowflakecomputing.cn' : '.snowflakecomputing.com');
  const name = text.replace(suffix, '');
  const identity = name.replaceAll('_', '-');
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)*$/.test(identity)) return null;
  return { host: `${identity}${domain}`, name, identity };
}

/**
 * The name to log in with: the first part of what was written, an underscore being one, without what a replicated account's (`.global`) adds to it. Key pair
 * tokens are issued for this name.
 */
export function loginName({ name }: Account): string {
  const [account = '', ...region] = name.split('.');
  return region[0] === 'global' ? account.replace(/-.*$/, '') : account;
}
