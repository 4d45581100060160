import type { SimulatorOptions } from '../../simulators/hubspot/options.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { assignColumns } from '../../model/column.ts';
import type { Log } from '../../model/log.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { Source } from '../../model/source.ts';
import type { HubSpotConfig } from '../../sources/hubspot/config.ts';
import { openHubSpotSource, type HubSpotDeps } from '../../sources/hubspot/source.ts';

export interface OpenSourceOptions extends Partial<HubSpotDeps> {
  readonly config?: Partial<HubSpotConfig>;
}

export interface HubSpotUnderTest extends AsyncDisposable {
  readonly simulator: RunningSimulator;
  readonly source: Source;
  /** What the source warned of. */
  readonly warnings: readonly object[];
  /** Another source on the same account, as another process would have it. */
  openSource(options?: OpenSourceOptions): Source;
}

/** A simulated account, without limits and hostile values unless asked for, and a source that reads it. */
export async function startHubSpot(
  options: Partial<SimulatorOptions> = {},
  sourceOptions: OpenSourceOptions = {},
): Promise<HubSpotUnderTest> {
  const simulator = await startHubspotSimulator({
    isHostile: false,
    ...options,
    limits: { burst: null, search: null, daily: null, ...options.limits },
  });
  const opened: Source[] = [];
  const warnings: object[] = [];
  const log: Log = { info() {}, error() {}, warn: (fields) => warnings.push(fields) };
  const openSource = ({ config, ...deps }: OpenSourceOptions = {}): Source => {
    const source = openHubSpotSource(
      {
        kind: 'hubspot',
        accessToken: defaultToken,
        baseUrl: simulator.url,
        apiVersion: '2026-03',
        timeoutMs: 10_000,
        ...config,
      },
      { log, budgetDir: null, readAccessToken: () => Promise.resolve(defaultToken), ...deps },
    );
    opened.push(source);
    return source;
  };
  return {
    simulator,
    source: openSource(sourceOptions),
    warnings,
    openSource,
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((source) => source.close()));
      await simulator.close();
    },
  };
}

/** A few columns of each kind: enough where values are not what is tested. */
export const fewProperties = ['company', 'createdate', 'email', 'hs_object_id', 'lastmodifieddate'];

/** What to read of an object: the named properties, or all of its catalogue. */
export async function planFor(
  source: Source,
  object: string,
  { properties, associations = [] }: { properties?: readonly string[]; associations?: StreamPlan['associations'] } = {},
): Promise<StreamPlan> {
  const description = await source.describeObject(object, new AbortController().signal);
  const chosen = description.properties.filter(({ name }) => properties?.includes(name) ?? true);
  return {
    stream: `crm.${object}`,
    source: 'crm',
    object,
    destination: 'warehouse',
    table: { schema: 'hubspot', table: object },
    key: { name: 'id', property: 'id', type: description.keyType },
    versionProperty: description.versionProperty,
    columns: assignColumns(chosen, ['id']),
    listedColumns: [],
    contract: 'evolve',
    onVanished: 'flag',
    associations,
    incomingAssociations: [],
  };
}
