import { z } from 'zod';
import { defaultApiVersion } from './api-paths.ts';

/** One HubSpot account in config. Free of the driver, so that reading a config loads no HTTP client. */
export const hubspotConfigSchema = z.strictObject({
  kind: z.literal('hubspot'),
  accessToken: z.string().min(1).describe('Token of a private app or service key; write it as ${HUBSPOT_ACCESS_TOKEN}'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://api.hubapi.com')
    .describe('Where the API is served; a simulator for tests'),
  apiVersion: z.enum(['2026-03', '2026-09', 'v3']).default(defaultApiVersion).describe('Path family of the API'),
  requestsPer10s: z
    .int()
    .min(1)
    .optional()
    .describe('Upper limit below what the account allows, to leave room for others'),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(600_000)
    .default(30_000)
    .describe('How long to wait for a connection, for an answer to begin, and for each part of it'),
});

export type HubSpotConfig = z.infer<typeof hubspotConfigSchema>;

/** By object, those whose associations a stream reads unless config names others: the pairs that CRM reports join on. */
export const hubspotDefaultAssociations: Readonly<Record<string, readonly string[]>> = {
  contacts: ['companies'],
  deals: ['contacts', 'companies'],
  line_items: ['deals'],
  tickets: ['companies'],
};

/** What a first config says of an account. */
export const hubspotStarter = {
  name: 'crm',
  schema: 'hubspot',
  secret: {
    option: 'accessToken',
    variable: 'HUBSPOT_ACCESS_TOKEN',
    what: 'the token of a service key or private app',
  },
  urlOption: 'baseUrl',
  streams: ['contacts', 'companies', 'deals'],
} as const;
