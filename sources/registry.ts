import type { z } from 'zod';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import { hubspotConfigSchema, hubspotDefaultAssociations } from './hubspot/config.ts';

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

export interface SourceKind {
  readonly config: z.ZodObject;
  /** Options that are file paths: they count from the config file's folder. */
  readonly pathOptions: readonly string[];
  /** By object, the objects it is usually associated with: those a stream reads where config names none. */
  readonly defaultAssociations: Readonly<Record<string, readonly string[]>>;
  /** Loads the driver and opens the source; throws on a config of another kind. */
  open(config: SourceConfig, deps: SourceDeps): Promise<Source>;
}

function sourceKind<Schema extends z.ZodObject>(kind: {
  config: Schema;
  pathOptions?: readonly string[];
  defaultAssociations?: SourceKind['defaultAssociations'];
  open: (config: z.infer<Schema>, deps: SourceDeps) => Promise<Source>;
}): SourceKind {
  return {
    config: kind.config,
    pathOptions: kind.pathOptions ?? [],
    defaultAssociations: kind.defaultAssociations ?? {},
    open: async (config, deps) => kind.open(kind.config.parse(config), deps),
  };
}

/** Every source, by its `kind` in config: one entry per connector, whose driver is loaded when it is opened. */
export const sourceKinds: Readonly<Record<string, SourceKind>> = {
  hubspot: sourceKind({
    config: hubspotConfigSchema,
    defaultAssociations: hubspotDefaultAssociations,
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
