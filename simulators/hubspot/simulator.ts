import type { AccessSettings } from './access.ts';
import { Faults } from './faults.ts';
import type { AssociationSettings, LimitSettings, ListSettings, SearchSettings, SimulatorOptions } from './options.ts';
import { defaultAssociations, defaultLimits, defaultList, defaultSearch } from './options.ts';
import { Portal } from './portal.ts';
import { RequestLimits } from './request-limits.ts';
import { RequestStats } from './request-stats.ts';
import type { Visibility } from './visibility.ts';

/** What may be changed while the simulator runs. */
export interface SimulatorSettings extends AccessSettings {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly list: ListSettings;
  readonly search: SearchSettings;
  readonly associations: AssociationSettings;
  readonly visibility: Visibility;
  readonly mergedIdInBatchRead: 'absent' | 'renamed';
  readonly mergedIdInArchivedList: 'absent' | 'listed';
  /** The account the tokens belong to. */
  readonly portalId: number;
}

export type SettingsChange = Partial<Omit<SimulatorSettings, 'list' | 'search' | 'associations'>> & {
  readonly list?: Partial<ListSettings>;
  readonly search?: Partial<SearchSettings>;
  readonly associations?: Partial<AssociationSettings>;
  readonly limits?: Partial<LimitSettings> & { readonly dailyUsage?: number };
};

/** One simulated account and how its API behaves: everything but the server. */
export class Simulator {
  readonly options: SimulatorOptions;
  readonly stats = new RequestStats();
  readonly faults = new Faults();
  #portal: Portal;
  #limits: RequestLimits;
  #settings: SimulatorSettings;

  constructor(options: SimulatorOptions) {
    this.options = options;
    this.#portal = new Portal(options);
    this.#limits = new RequestLimits({ ...defaultLimits(this.#portal.now()), ...options.limits });
    this.#settings = initialSettings(options);
  }

  get portal(): Portal {
    return this.#portal;
  }

  get limits(): RequestLimits {
    return this.#limits;
  }

  get settings(): SimulatorSettings {
    return this.#settings;
  }

  /** What is not named stays. */
  configure({ limits, list, search, associations, ...settings }: SettingsChange): void {
    this.#settings = {
      ...this.#settings,
      ...settings,
      list: { ...this.#settings.list, ...list },
      search: { ...this.#settings.search, ...search },
      associations: { ...this.#settings.associations, ...associations },
    };
    if (limits !== undefined) this.#limits.change(limits);
  }

  /** Back to the start: records, catalogues, settings, budgets, faults, statistics. */
  reset(): void {
    this.#portal = new Portal(this.options);
    this.#limits = new RequestLimits({ ...defaultLimits(this.#portal.now()), ...this.options.limits });
    this.#settings = initialSettings(this.options);
    this.faults.clear();
    this.stats.reset();
  }
}

function initialSettings(options: SimulatorOptions): SimulatorSettings {
  return {
    tokens: options.tokens.map((token) => ({ token })),
    missingScopes: [],
    latencyMs: options.latencyMs,
    jitterMs: options.jitterMs,
    list: { ...defaultList, ...options.list },
    search: { ...defaultSearch, ...options.search },
    associations: { ...defaultAssociations, ...options.associations },
    visibility: options.visibility,
    mergedIdInBatchRead: options.mergedIdInBatchRead,
    mergedIdInArchivedList: options.mergedIdInArchivedList,
    portalId: options.portalId,
  };
}
