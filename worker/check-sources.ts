import { checkSource } from '../activities/check-connectors.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Finding } from '../model/finding.ts';
import type { Log } from '../model/log.ts';
import { openConnectors } from './connectors.ts';

/** What comes to light is in the findings. */
const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** Looks at the sources of a config from this process, for one that no worker runs yet. Opens no destination. */
export async function checkSources(config: LoadedConfig, signal: AbortSignal): Promise<Finding[]> {
  const connectors = openConnectors(config, quiet);
  try {
    const bySource = Map.groupBy(
      config.streamNames.map((name) => config.stream(name)),
      ({ source }) => source,
    );
    const findings = [...bySource].map(([name, streams]) => checkSource(connectors, { name, streams }, signal));
    return (await Promise.all(findings)).flat();
  } finally {
    await connectors.close();
  }
}
