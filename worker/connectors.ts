import type { LoadedConfig } from '../config/load-config.ts';
import { destinationKinds } from '../destinations/registry.ts';
import type { Destination } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Source } from '../model/source.ts';
import { sourceKinds } from '../sources/registry.ts';

export interface Connectors {
  source(name: string): Promise<Source>;
  destination(name: string): Promise<Destination>;
  /** By name, those that are open; opens none. */
  openSources(): ReadonlyMap<string, Source>;
  close(): Promise<void>;
}

/**
 * Opens each configured source and destination once, on first use, so that a variable which only another pipeline needs
 * may be missing. One that fails to open is tried again on the next call.
 */
export function openConnectors(config: LoadedConfig, log: Log): Connectors {
  const sources = new Map<string, Promise<Source>>();
  const openSources = new Map<string, Source>();
  const destinations = new Map<string, Promise<Destination>>();
  return {
    source: (name) =>
      openOnce(sources, name, async () => {
        const options = config.source(name);
        const source = await kindOf(sourceKinds, options.kind).open(options, {
          log,
          budgetDir: config.budgetDir,
          readOption: async (option) => config.readScalar(['sources', name, option]),
        });
        openSources.set(name, source);
        return source;
      }),
    destination: (name) =>
      openOnce(destinations, name, async () => {
        const options = config.destination(name);
        return kindOf(destinationKinds, options.kind).open(options);
      }),
    openSources: () => openSources,
    async close() {
      const open = await Promise.allSettled([...sources.values(), ...destinations.values()]);
      await Promise.all(open.filter((result) => result.status === 'fulfilled').map(({ value }) => value.close()));
    },
  };
}

async function openOnce<T>(opened: Map<string, Promise<T>>, name: string, open: () => Promise<T>): Promise<T> {
  const existing = opened.get(name);
  if (existing !== undefined) return existing;
  const opening = open();
  opened.set(name, opening);
  try {
    return await opening;
  } catch (error) {
    opened.delete(name);
    throw error;
  }
}

function kindOf<T>(kinds: Readonly<Record<string, T>>, kind: string): T {
  const found = kinds[kind];
  if (found === undefined) throw new SyncError('ConfigInvalid', `no connector of kind ${kind}`);
  return found;
}
