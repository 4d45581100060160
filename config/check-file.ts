import { isStreamNamePart } from '../model/stream-name.ts';
import { destinationKinds, plannedDestinationKinds } from '../destinations/registry.ts';
import { plannedSourceKinds, sourceKinds } from '../sources/registry.ts';
import { checkConnector, type ConnectorKind, type ConnectorOptions } from './check-connector.ts';
import type { UsualAssociations } from './associations.ts';
import { checkPipeline, type CheckedPipeline, type PipelineSurroundings } from './check-pipeline.ts';
import { checkSection, type Checked } from './check-section.ts';
import { checkMonitoring, type MonitoringSettings } from './monitoring.ts';
import { nameText, pathKey, type Problem } from './problem.ts';
import { fileSchema, type FileOptions } from './schema.ts';
import { findSharedTables } from './shared-tables.ts';
import { checkLeastDurations } from './sync-options.ts';
import { isMapping, valueAt, type ConfigMapping } from './yaml-document.ts';

/** Every section of a config held against its schema, and all that is wrong with any. */
export interface CheckedFile {
  readonly top: Checked<FileOptions>;
  readonly sources: ReadonlyMap<string, Checked<ConnectorOptions>>;
  readonly destinations: ReadonlyMap<string, Checked<ConnectorOptions>>;
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
  readonly monitoring: Checked<MonitoringSettings>;
  readonly problems: readonly Problem[];
}

interface FileRequest {
  readonly root: ConfigMapping;
  /** The config file's, from where relative paths count. */
  readonly folder: string;
  /** What the environment says of `incremental.enabled`; null for nothing. */
  readonly incrementalEnabled: boolean | null;
}

/** Validates a whole config. */
export function checkFile({ root, folder, incrementalEnabled }: FileRequest): CheckedFile {
  const top = checkSection({ schema: fileSchema, value: root, path: [] });
  const sources = checkConnectors({ section: 'sources', kinds: sourceKinds, plannedKinds: plannedSourceKinds });
  const destinations = checkConnectors({
    section: 'destinations',
    kinds: destinationKinds,
    plannedKinds: plannedDestinationKinds,
  });
  const isTesting = top.value?.testing.smallChunks ?? false;
  const surroundings: PipelineSurroundings = {
    sources: [...sources.keys()],
    destinations: [...destinations.keys()],
    isTesting,
    syncOptions: top.value ?? {},
    incrementalEnabled,
    usualAssociations: (source) => usualAssociations(valueAt(root, ['sources', source, 'kind'])),
  };
  const pipelines = new Map(
    entriesOf(root, 'pipelines').map(([name, value]) => [name, checkPipeline({ name, value, ...surroundings })]),
  );
  const monitoring = checkMonitoring(root);
  const streams = [...pipelines.values()].flatMap((pipeline) => [...pipeline.streams.values()]);
  const problems = [
    ...top.problems,
    ...monitoring.problems,
    ...checkLeastDurations(top.value ?? {}, { path: [], isTesting }),
    ...checkNames([...sources.keys()], 'sources'),
    ...checkNames([...destinations.keys()], 'destinations'),
    ...[...sources.values(), ...destinations.values(), ...pipelines.values()].flatMap((checked) => checked.problems),
    ...findSharedTables(
      streams.filter((stream) => stream !== null),
      (name) => databaseOf(destinations.get(name)?.value) ?? name,
    ),
  ];
  return { top, sources, destinations, pipelines, monitoring, problems: withoutRepeats(problems) };

  function checkConnectors(of: {
    section: string;
    kinds: Readonly<Record<string, ConnectorKind>>;
    plannedKinds: readonly string[];
  }): Map<string, Checked<ConnectorOptions>> {
    return new Map(
      entriesOf(root, of.section).map(([name, value]) => {
        return [name, checkConnector({ ...of, value, path: [of.section, name], folder })];
      }),
    );
  }
}

/** Also of a source whose other options are not valid: a stream does not need them to be known. */
function usualAssociations(kind: unknown): UsualAssociations {
  return typeof kind === 'string' && Object.hasOwn(sourceKinds, kind) ? sourceKinds[kind]!.defaultAssociations : {};
}

/** The same for two destinations that are one database, however else they differ; null where that cannot be told. */
function databaseOf(options: ConnectorOptions | null | undefined): readonly unknown[] | null {
  if (!options) return null;
  const { identityOptions } = destinationKinds[options.kind]!;
  return [options.kind, ...identityOptions.map((option) => options[option])];
}

/** What is said for all streams may be wrong for each of them. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${pathKey(problem.path)} ${problem.text}`, problem])).values()];
}

function checkNames(names: readonly string[], section: string): Problem[] {
  return names.filter((name) => !isStreamNamePart(name)).map((name) => ({ path: [section, name], text: nameText }));
}

function entriesOf(root: ConfigMapping, section: string): [string, unknown][] {
  const value = root[section];
  return isMapping(value) ? Object.entries(value) : [];
}
