import { z } from 'zod';

/** The `snowflake` entry under `destinations:`. Driver-free. Drafted: the connection's helper completes it. */
export const snowflakeConfig = z.strictObject({
  kind: z.literal('snowflake'),
  account: z.string().min(1).describe('Account as org-account, locator or URL'),
  username: z.string().min(1),
  database: z.string().min(1),
  warehouse: z.string().min(1),
});

export type SnowflakeConfig = z.infer<typeof snowflakeConfig>;
