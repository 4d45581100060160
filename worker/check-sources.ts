import type { LoadedConfig } from '../config/load-config.ts';
import { SyncError } from '../model/errors.ts';
import { failedFinding, type Finding } from '../model/finding.ts';
import type { Log } from '../model/log.ts';
import { openConnectors } from './connectors.ts';

/** What comes to light is in the findings. */
const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** Looks at the sources of a config from this process, for one that no worker runs yet. Opens no destination. */
export async function checkSources(config: LoadedConfig, signal: AbortSignal): Promise<Finding[]> {
  const connectors = openConnectors(config, quiet);
  try {
    const streams = config.streamNames.map((name) => config.stream(name));
    const bySource = Map.groupBy(streams, ({ source }) => source);
    const findings = [...bySource].map(async ([name, used]): Promise<Finding[]> => {
      try {
        const objects = used.flatMap(({ object, associations }) => [object, ...associations.map(({ to }) => to)]);
        return await (await connectors.source(name)).check([...new Set(objects)], signal);
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        return [failedFinding(`source ${name}`, error)];
      }
    });
    return (await Promise.all(findings)).flat();
  } finally {
    await connectors.close();
  }
}
