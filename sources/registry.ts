import type { z } from 'zod';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import { hubspotConfigSchema, hubspotDefaultAssociations, hubspotStarter } from './hubspot/config.ts';

/** What every source may ask of its surroundings. */
export interface SourceDeps {
  readonly log: Log;
  /** Reads one option of this source's section as it is now, so that a rotated secret needs no restart. */
  readonly readOption: (name: string) => Promise<string>;
  /** Absolute: where processes of this machine share the request budgets of their accounts. */
  readonly budgetDir: string;
}

/** A validated section of config; only its own connector knows more about it. */
export interface SourceConfig {
  readonly kind: string;
}

/** What `sluice init` writes of a source, and asks for. */
export interface SourceStarter {
  /** Of the source and its pipeline. */
  readonly name: string;
  readonly schema: string;
  /** The one option that must not stand in a file, and the variable that usually holds it. */
  readonly secret: { readonly option: string; readonly variable: string; readonly what: string };
  /** The option that says where the source is, if not at its usual place. */
  readonly urlOption: string;
  readonly streams: readonly string[];
}

export interface SourceKind {
  readonly config: z.ZodObject;
  /** Options that are file paths: they count from the config file's folder. */
  readonly pathOptions: readonly string[];
  /** By object, the objects it is usually associated with: those a stream reads where config names none. */
  readonly defaultAssociations: Readonly<Record<string, readonly string[]>>;
  readonly starter: SourceStarter;
  /** Loads the driver and opens the source; throws on a config of another kind. */
  open(config: SourceConfig, deps: SourceDeps): Promise<Source>;
}

function sourceKind<Schema extends z.ZodObject>(kind: {
  config: Schema;
  pathOptions?: readonly string[];
  defaultAssociations?: SourceKind['defaultAssociations'];
  starter: SourceStarter;
  open: (config: z.infer<Schema>, deps: SourceDeps) => Promise<Source>;
}): SourceKind {
  return {
    config: kind.config,
    pathOptions: kind.pathOptions ?? [],
    defaultAssociations: kind.defaultAssociations ?? {},
    starter: kind.starter,
    open: async (config, deps) => kind.open(kind.config.parse(config), deps),
  };
}

/** Every source, by its `kind` in config: one entry per connector, whose driver is loaded when it is opened. */
export const sourceKinds: Readonly<Record<string, SourceKind>> = {
  hubspot: sourceKind({
    config: hubspotConfigSchema,
    defaultAssociations: hubspotDefaultAssociations,
    starter: hubspotStarter,
    open: async (config, { log, readOption, budgetDir }) =>
      (await import('./hubspot/source.ts')).openHubSpotSource(config, {
        log,
        budgetDir,
        readAccessToken: () => readOption('accessToken'),
      }),
  }),
};

/** Kinds that are documented and not built: config that names one is told so. */
export const plannedSourceKinds: readonly string[] = ['salesforce', 'postgres'];
