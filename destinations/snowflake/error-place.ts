/** Where it happened, for texts: account, user and role are names, no secrets. */
export interface ErrorPlace {
  readonly account: string;
  readonly username: string;
  readonly role: string | undefined;
  readonly warehouse: string;
}
