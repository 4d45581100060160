import { Connection, type Client, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Environment } from '../config/references.ts';
import type { RunTraces } from '../tracing/run-span.ts';
import { CliError, grpcStatusOf, reportError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';
import { readDevServer } from './dev-server.ts';
import { TemporalClient } from './temporal-client.ts';
import { chooseTemporalAddress, type TemporalAddress } from './temporal-address.ts';
import { commandTraces } from './trace-command.ts';

const connectTimeoutMs = 3_000;

export interface TemporalConnection {
  readonly client: Client;
  readonly namespace: string;
  readonly found: TemporalAddress;
  /** How a worker of this process reaches the same server. */
  readonly connectOptions: ConnectOptions;
  /** Of what commands do to runs. */
  readonly traces: RunTraces;
  close(): Promise<void>;
}

type ConnectOptions = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

/**
 * Connects to the Temporal server of a config. Namespace, TLS and API key are those of the standard Temporal profile,
 * except for a local `sluice dev`, which needs none. Throws exit code 5 with the address that was tried, and `ConfigInvalid`
 * where an encryption key is missing.
 */
export async function connectTemporal(config: TemporalSettings, environment: Environment): Promise<TemporalConnection> {
  const { found, namespace, connectOptions } = findTemporal(config, environment);
  const keyRing = config.keyRing();
  try {
    const connection = await Connection.connect({
      ...(connectOptions as ConnectionOptions),
      connectTimeout: connectTimeoutMs,
    });
    const traces = commandTraces(environment);
    return {
      client: new TemporalClient({ connection, namespace, keyRing }),
      namespace,
      found,
      connectOptions,
      traces,
      close: async () => {
        await Promise.all([connection.close(), traces.close()]);
      },
    };
  } catch (error) {
    throw unreachable(found, error);
  }
}

type TemporalSettings = Pick<LoadedConfig, 'temporal' | 'dataDir' | 'keyRing'>;

function findTemporal(
  { temporal, dataDir }: TemporalSettings,
  environment: Environment,
): Pick<TemporalConnection, 'found' | 'namespace' | 'connectOptions'> {
  const profile = loadProfile(environment);
  const found = chooseTemporalAddress({
    environment: environment['TEMPORAL_ADDRESS'],
    config: temporal.address,
    devServer: readDevServer(dataDir),
    profile: profile.connectionOptions.address,
  });
  if (found.origin === 'sluice dev') return { found, namespace: 'default', connectOptions: { address: found.address } };
  const namespace = environment['TEMPORAL_NAMESPACE'] ?? temporal.namespace ?? profile.namespace ?? 'default';
  return { found, namespace, connectOptions: { ...profile.connectionOptions, address: found.address } };
}

function loadProfile(environment: Environment): ReturnType<typeof loadClientConnectConfig> {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new CliError(exitCode.usage, `the Temporal profile cannot be read: ${(error as Error).message}`, {
      next: 'look at TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and that file',
      cause: error,
    });
  }
}

function unreachable(found: TemporalAddress, error: unknown): CliError {
  const status = grpcStatusOf(error);
  const report = reportError(error);
  if (status !== null && report.exitCode === exitCode.auth) {
    return new CliError(exitCode.auth, report.message, {
      ...(report.next === null ? {} : { next: report.next }),
      cause: error,
    });
  }
  const origin =
    found.origin === 'default'
      ? 'the default, since TEMPORAL_ADDRESS, config, sluice dev and Temporal profile name none'
      : `by ${found.origin}`;
  return new CliError(exitCode.unreachable, `cannot reach Temporal at ${found.address} (${origin})`, {
    next: 'sluice dev',
    cause: error,
  });
}
