import { dirname } from 'node:path';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Environment } from '../config/references.ts';
import type { StreamName } from '../model/stream-name.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { CommonOptions } from './verb.ts';

/** The config as a verb needs it. */
export interface ConfigSession {
  readonly config: LoadedConfig;
  /** The process environment over the `.env` beside the config. */
  readonly environment: Environment;
  readonly taskQueue: string;
  /** Every stream of the config. */
  readonly streams: readonly StreamName[];
  /** The same names, each once. Throws `ConfigInvalid` with the nearest name for one the config does not have. */
  resolveStreams(names: readonly string[]): StreamName[];
  /** The same for pipelines. */
  resolvePipelines(names: readonly string[]): string[];
}

/** Reads and validates the config, and nothing else. The YAML and schema libraries load only here, for `--help` to be quick. */
export async function openConfig(options: CommonOptions): Promise<ConfigSession> {
  const [{ loadConfig }, { readEnvironment }, { resolveStream }, { suggestName }] = await Promise.all([
    import('../config/load-config.ts'),
    import('../config/environment.ts'),
    import('../config/resolve-stream.ts'),
    import('../model/nearest-name.ts'),
  ]);
  const config = loadConfig({ ...(options.config === undefined ? {} : { path: options.config }), env: process.env });
  const pipelines = [...new Set(config.streamNames.map((name) => name.slice(0, name.indexOf('.'))))];
  return {
    config,
    environment: readEnvironment(dirname(config.path), process.env),
    taskQueue: config.temporal.taskQueue,
    streams: config.streamNames,
    resolveStreams: (names) => [...new Set(names.map((name) => resolveStream(config, name).stream))],
    resolvePipelines: (names) => {
      const unknown = names.find((name) => !pipelines.includes(name));
      if (unknown === undefined) return [...new Set(names)];
      throw new CliError(exitCode.usage, `no pipeline "${unknown}" in the config`, {
        next: suggestName(unknown, pipelines),
      });
    },
  };
}

/** Runs `use` with a connection to the config's Temporal server, which is closed whatever happens. */
export async function withTemporal<Result>(
  session: ConfigSession,
  use: (temporal: TemporalConnection) => Promise<Result>,
): Promise<Result> {
  const { connectTemporal } = await import('./temporal-connection.ts');
  const temporal = await connectTemporal(session.config, session.environment);
  try {
    return await use(temporal);
  } finally {
    await temporal.close();
  }
}
