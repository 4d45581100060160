import type { z } from 'zod';
import type { Destination } from '../model/destination.ts';
import { duckDbConfig, duckDbStarter } from './duckdb/config.ts';
import { snowflakeConfig } from './snowflake/config.ts';
import { snowflakeSetup, snowflakeStarter } from './snowflake/setup.ts';

/** A validated section of config; only its own connector knows more about it. */
export interface DestinationConfig {
  readonly kind: string;
}

/** What `sluice init` writes of a destination, and asks for. */
export interface DestinationStarter {
  readonly name: string;
  /** The option that says which one it is, and its usual value. */
  readonly option: string;
  readonly value: string;
  /** How it is asked for. */
  readonly question: string;
  /** What stands beside it at first. */
  readonly others: Readonly<Record<string, string>>;
}

/** Something to be done by hand, once, before the first run. */
export interface SetupStep {
  readonly title: string;
  readonly language: 'shell' | 'sql';
  readonly lines: readonly string[];
}

export interface DestinationKind {
  readonly config: z.ZodObject;
  /** Options that are file paths: they count from the config file's folder. */
  readonly pathOptions: readonly string[];
  /** Options that say which database it is: two entries of config that agree in them are one and the same. */
  readonly identityOptions: readonly string[];
  readonly starter: DestinationStarter;
  /** What `sluice init <kind>` shows; empty where nothing is to be done. */
  readonly setup: readonly SetupStep[];
  /** Loads the driver and opens the destination; throws on a config of another kind. */
  open(config: DestinationConfig): Promise<Destination>;
}

function destinationKind<Schema extends z.ZodObject>(kind: {
  config: Schema;
  pathOptions?: readonly string[];
  identityOptions: readonly string[];
  starter: DestinationStarter;
  setup?: readonly SetupStep[];
  open: (config: z.infer<Schema>) => Promise<Destination>;
}): DestinationKind {
  return {
    config: kind.config,
    pathOptions: kind.pathOptions ?? [],
    identityOptions: kind.identityOptions,
    starter: kind.starter,
    setup: kind.setup ?? [],
    open: async (config) => kind.open(kind.config.parse(config)),
  };
}

/** Every destination, by its `kind` in config: one entry per connector, whose driver is loaded when it is opened. */
export const destinationKinds: Readonly<Record<string, DestinationKind>> = {
  duckdb: destinationKind({
    config: duckDbConfig,
    pathOptions: ['path'],
    identityOptions: ['path'],
    starter: duckDbStarter,
    open: async (config) => (await import('./duckdb/destination.ts')).openDuckDbDestination(config),
  }),
  snowflake: destinationKind({
    config: snowflakeConfig,
    pathOptions: ['privateKeyPath', 'tokenPath'],
    identityOptions: ['account', 'database'],
    starter: snowflakeStarter,
    setup: snowflakeSetup,
    open: async (config) => (await import('./snowflake/destination.ts')).openSnowflakeDestination(config),
  }),
};

/** Kinds that are documented and not built: config that names one is told so. */
export const plannedDestinationKinds: readonly string[] = ['postgres', 'lake'];
