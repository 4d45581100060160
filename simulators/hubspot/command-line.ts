import { parseArgs } from 'node:util';

import type { Spread } from './id-spread.ts';
import type { TypePair } from './object-types.ts';
import { isTypePair, objectTypes } from './object-types.ts';
import type { LimitSettings, SimulatorOptions } from './options.ts';

const plainFlags = [
  'port',
  'limit',
  'search-limit',
  'daily',
  'daily-resets-at',
  'background',
  'owners',
  'latency-ms',
  'jitter-ms',
  'clock-skew-ms',
  'search-lag-ms',
  'spread',
  'seed',
  'anchor',
  'hostile',
  'unconvertible-every',
] as const;

const recordFlags = objectTypes.map((type) => ({ type, flag: type.replaceAll('_', '-') }));

/** The options named by the arguments, and whether to end with standard input. Throws on an unknown or bad one. */
export function parseCommandLine(args: readonly string[]): {
  options: Partial<SimulatorOptions>;
  exitsWithStdin: boolean;
} {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries([...plainFlags, ...recordFlags.map(({ flag }) => flag)].map((flag) => [flag, text])),
      token: { type: 'string', multiple: true },
      associations: { type: 'string', multiple: true },
      'exit-with-stdin': { type: 'boolean' },
    },
  });
  const given = (flag: string): string | undefined => {
    const value = (values as Readonly<Record<string, unknown>>)[flag];
    return typeof value === 'string' ? value : undefined;
  };
  const texts = (flag: string): string[] | undefined => {
    const given = (values as Readonly<Record<string, unknown>>)[flag];
    return Array.isArray(given) ? given.filter((value) => typeof value === 'string') : undefined;
  };
  const whole = (flag: string): number | undefined => wholeNumber(flag, given(flag));
  const limit = (flag: string): number | null | undefined =>
    given(flag) === 'unlimited' ? null : wholeNumber(flag, given(flag));

  const limits: Partial<LimitSettings> = defined({
    burst: limit('limit'),
    search: limit('search-limit'),
    daily: limit('daily'),
    dailyResetsAt: given('daily-resets-at'),
    background: whole('background'),
  });
  const records = recordFlags.flatMap(({ type, flag }) => {
    const count = whole(flag);
    return count === undefined ? [] : [[type, count] as const];
  });
  const hostile = oneOf('hostile', given('hostile'), ['on', 'off']);
  const options: Partial<SimulatorOptions> = defined({
    port: whole('port'),
    records: records.length > 0 ? Object.fromEntries(records) : undefined,
    initialAssociations: texts('associations')?.reduce((all, text) => ({ ...all, ...mostPerPair(text) }), {}),
    owners: whole('owners'),
    limits,
    search: defined({ lagMs: whole('search-lag-ms') }),
    latencyMs: whole('latency-ms'),
    jitterMs: whole('jitter-ms'),
    clockSkewMs: wholeNumber('clock-skew-ms', given('clock-skew-ms'), { isSigned: true }),
    spread: oneOf<Spread>('spread', given('spread'), ['even', 'clustered']),
    seed: whole('seed'),
    anchor: given('anchor'),
    isHostile: hostile === undefined ? undefined : hostile === 'on',
    unconvertibleEvery: whole('unconvertible-every'),
    tokens: texts('token'),
  });
  return { options, exitsWithStdin: values['exit-with-stdin'] === true };
}

/** The arguments that give these options: the inverse of `parseCommandLine`, for all that it knows. */
export function toCommandLine(options: Partial<SimulatorOptions>): string[] {
  const { limits = {}, search = {} } = options;
  const limit = (value: number | null | undefined): string | undefined =>
    value === null ? 'unlimited' : value === undefined ? undefined : String(value);
  const flags: Readonly<Record<string, string | number | undefined>> = {
    port: options.port,
    limit: limit(limits.burst),
    'search-limit': limit(limits.search),
    daily: limit(limits.daily),
    'daily-resets-at': limits.dailyResetsAt,
    background: limits.background,
    owners: options.owners,
    'latency-ms': options.latencyMs,
    'jitter-ms': options.jitterMs,
    'clock-skew-ms': options.clockSkewMs,
    'search-lag-ms': search.lagMs,
    spread: options.spread,
    seed: options.seed,
    anchor: options.anchor,
    hostile: options.isHostile === undefined ? undefined : options.isHostile ? 'on' : 'off',
    'unconvertible-every': options.unconvertibleEvery,
    ...Object.fromEntries(recordFlags.map(({ type, flag }) => [flag, options.records?.[type]])),
  };
  return [
    ...Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`])),
    ...(options.tokens ?? []).map((token) => `--token=${token}`),
    ...Object.entries(options.initialAssociations ?? {}).map(([pair, most]) => `--associations=${pair}=${most}`),
  ];
}

/** `contacts>companies=3`. */
function mostPerPair(text: string): Partial<Record<TypePair, number>> {
  const [pair = '', most, ...rest] = text.split('=');
  if (!isTypePair(pair) || rest.length > 0) throw new RangeError(`--associations names no two object types: ${text}`);
  return { [pair]: wholeNumber('associations', most) ?? 0 };
}

function wholeNumber(flag: string, value: string | undefined, { isSigned = false } = {}): number | undefined {
  if (value === undefined) return undefined;
  if (!(isSigned ? /^-?\d+$/ : /^\d+$/).test(value))
    throw new RangeError(`--${flag} must be a whole number, got ${value}`);
  return Number(value);
}

function oneOf<T extends string>(flag: string, value: string | undefined, choices: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new RangeError(`--${flag} must be one of ${choices.join(', ')}, got ${value}`);
  return choice;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
