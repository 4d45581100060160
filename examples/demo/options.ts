import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly destination: 'duckdb' | 'snowflake';
  readonly contacts: number;
  /** Requests per rolling ten seconds; null is unlimited. */
  readonly limit: number | null;
  readonly latencyMs: number;
  readonly spread: 'even' | 'clustered';
  /** Keep Temporal and its UI up after the report, until Ctrl-C. */
  readonly stays: boolean;
}

export const demoHelp = `A durable HubSpot backfill, on this machine alone: Temporal, a HubSpot simulator, a worker and DuckDB or a Snowflake emulator.

usage: npm run demo [-- flags]

  --destination <d>   duckdb or snowflake (default duckdb); the Snowflake emulator needs Python 3.11 or newer
  --contacts <n>      records to copy (default 200000)
  --limit <n>         the account's requests per rolling 10 s (default 190, HubSpot's Pro limit)
  --unlimited         no limit and no latency: how fast is the rest?
  --latency-ms <n>    of each answer (default 150)
  --spread <how>      of record ids: even or clustered (default clustered)
  --stay, --no-stay   keep the Temporal UI up after the report, until Ctrl-C (default: on a terminal)

examples:
  npm run demo
  npm run demo -- --contacts 20000 --unlimited
  npm run demo -- --destination snowflake --contacts 20000 --unlimited
`;

/** Throws with one line on anything that is not a flag of the demo. */
export function parseDemoOptions(args: readonly string[], isTerminal: boolean): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      destination: { type: 'string' },
      contacts: { type: 'string' },
      limit: { type: 'string' },
      unlimited: { type: 'boolean' },
      'latency-ms': { type: 'string' },
      spread: { type: 'string' },
      stay: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const { spread = 'clustered', destination = 'duckdb' } = values;
  if (spread !== 'even' && spread !== 'clustered') throw new Error('--spread is even or clustered');
  if (destination !== 'duckdb' && destination !== 'snowflake') throw new Error('--destination is duckdb or snowflake');
  return {
    destination,
    contacts: wholeNumber('--contacts', values.contacts ?? '200000', 1),
    limit: values.unlimited ? null : wholeNumber('--limit', values.limit ?? '190', 1),
    latencyMs: wholeNumber('--latency-ms', values['latency-ms'] ?? (values.unlimited ? '0' : '150'), 0),
    spread,
    stays: values.stay ?? isTerminal,
  };
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new Error(`${flag} takes a whole number from ${least} up`);
  return value;
}
