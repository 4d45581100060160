import { z } from 'zod';
import { parseAccount } from './account.ts';
import { storedName } from './identifiers.ts';

/** What proves who logs in: exactly one of them is given. `OIDC` takes its token from `tokenPath` beside it. */
export const credentialOptions = ['privateKeyPath', 'privateKey', 'token', 'tokenPath', 'pat', 'password'] as const;

const name = z.string().min(1);
const secret = z.string().min(1);

/** Stage names as COPY and PUT take them: `@STAGE` or `@SCHEMA.STAGE`, of the database or of another. */
const stageName = z.string().regex(/^@[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*){0,2}$/, {
  error: 'must be @NAME, @SCHEMA.NAME or @DATABASE.SCHEMA.NAME',
});

const warehousesByWork = z.strictObject({
  backfill: name.describe('Warehouse of backfills'),
  incremental: name.describe('Warehouse of everything else'),
});

/** The `snowflake` entry under `destinations:`. Driver-free; the paths are already absolute when the loader hands it on. */
export const snowflakeConfig = z
  .strictObject({
    kind: z.literal('snowflake'),
    account: z
      .string()
      .min(1)
      .refine((text) => parseAccount(text) !== null, {
        error: 'is no account: write org-account, a locator or its URL',
      })
      // Without what an address adds to it.
      .overwrite((text) => parseAccount(text)?.name ?? text)
      .describe('Account: org-account, a locator with its region, or its URL'),
    accessUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        "Where the account is served, if not at Snowflake's own address: a private link, or an emulator for tests",
      ),
    username: name.describe('User to log in as; one of TYPE = SERVICE'),
    privateKeyPath: z.string().min(1).optional().describe('PKCS#8 key file (.p8); relative paths count from this file'),
    privateKey: secret.optional().describe('The same key as text; write it as ${SNOWFLAKE_PRIVATE_KEY}'),
    privateKeyPassphrase: secret.optional().describe('Passphrase of an encrypted key'),
    token: secret.optional().describe('OAuth access token; it is not renewed, tokenPath is'),
    tokenPath: z.string().min(1).optional().describe('File with the OAuth access token, read again at each login'),
    pat: secret.optional().describe('Programmatic access token'),
    workloadIdentity: z
      .enum(['AWS', 'AZURE', 'GCP', 'OIDC'])
      .optional()
      .describe('Identity of the machine the worker runs on; OIDC reads its token from tokenPath'),
    password: secret.optional().describe('Password; Snowflake refuses it for most users'),
    database: name.overwrite(storedName).describe('Database of the target schemas'),
    warehouse: name.optional().describe('Warehouse that merges'),
    warehouses: warehousesByWork.optional().describe('Warehouses by what they do, in place of `warehouse`'),
    role: name.optional().describe("Role to use; default: the user's own"),
    stage: stageName
      .optional()
      .describe('Stage for files, internal or of S3; default: SLUICE_STAGE, made in the target schema'),
    loginTimeoutMs: z.int().min(1_000).max(600_000).default(60_000).describe('How long to wait for a login'),
    statementTimeoutMs: z
      .int()
      .min(10_000)
      .max(86_400_000)
      .default(1_800_000)
      .describe('How long one statement may take, its wait for the warehouse included'),
  })
  .superRefine((options, context) => {
    for (const message of [credentialProblem(options), warehouseProblem(options)]) {
      if (message !== null) context.addIssue({ code: 'custom', message });
    }
  });

export type SnowflakeConfig = z.infer<typeof snowflakeConfig>;

type Choices = Partial<
  Pick<SnowflakeConfig, (typeof credentialOptions)[number] | 'workloadIdentity' | 'privateKeyPassphrase'>
>;

function credentialProblem(options: Choices): string | null {
  const given: string[] = credentialOptions.filter((option) => options[option] !== undefined);
  if (options.workloadIdentity === 'OIDC' && given.join() === 'tokenPath') return null;
  if (options.workloadIdentity !== undefined) given.push('workloadIdentity');
  if (given.length === 0) return `needs a credential: one of ${credentialOptions.join(', ')} or workloadIdentity`;
  if (given.length > 1) return `has ${given.join(' and ')}: give one of them`;
  if (options.workloadIdentity === 'OIDC') return 'needs tokenPath beside workloadIdentity: OIDC';
  if (options.privateKeyPassphrase !== undefined && !given[0]!.startsWith('privateKey')) {
    return 'has privateKeyPassphrase without a private key';
  }
  return null;
}

function warehouseProblem({ warehouse, warehouses }: Pick<SnowflakeConfig, 'warehouse' | 'warehouses'>): string | null {
  if (warehouse === undefined && warehouses === undefined) return 'needs a warehouse, or warehouses by what they do';
  return warehouse !== undefined && warehouses !== undefined ? 'has warehouse and warehouses: give one of them' : null;
}
