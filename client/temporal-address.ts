import type { DevServer } from './dev-server.ts';

const defaultAddress = '127.0.0.1:7233';

export interface TemporalAddress {
  readonly address: string;
  readonly origin: 'TEMPORAL_ADDRESS' | 'the config' | 'sluice dev' | 'the Temporal profile' | 'default';
  /** Base address of the Temporal UI, where it is known. */
  readonly uiUrl: string | null;
}

/** Where Temporal is sought, in this order: the environment, the config, a living `sluice dev`, the standard profile, port 7233. */
export function chooseTemporalAddress(candidates: {
  readonly environment: string | undefined;
  readonly config: string | undefined;
  readonly devServer: DevServer | null;
  readonly profile: string | undefined;
}): TemporalAddress {
  if (candidates.environment) return { address: candidates.environment, origin: 'TEMPORAL_ADDRESS', uiUrl: null };
  if (candidates.config) return { address: candidates.config, origin: 'the config', uiUrl: null };
  if (candidates.devServer !== null) {
    return { address: candidates.devServer.address, origin: 'sluice dev', uiUrl: candidates.devServer.uiUrl };
  }
  if (candidates.profile) return { address: candidates.profile, origin: 'the Temporal profile', uiUrl: null };
  return { address: defaultAddress, origin: 'default', uiUrl: null };
}
