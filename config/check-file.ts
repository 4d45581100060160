import { isStreamNamePart } from '../model/stream-name.ts';
import { destinationKinds, plannedDestinationKinds } from '../destinations/registry.ts';
import { plannedSourceKinds, sourceKinds } from '../sources/registry.ts';
import { checkConnector, type ConnectorKind, type ConnectorOptions } from './check-connector.ts';
import { checkPipeline, findSharedTables, type CheckedPipeline } from './check-pipeline.ts';
import { checkSection, type Checked } from './check-section.ts';
import { nameText, type Problem } from './problem.ts';
import { fileSchema, type FileOptions } from './schema.ts';
import { isMapping, type ConfigMapping } from './yaml-document.ts';

/** Every section of a config held against its schema, and all that is wrong with any. */
export interface CheckedFile {
  readonly top: Checked<FileOptions>;
  readonly sources: ReadonlyMap<string, Checked<ConnectorOptions>>;
  readonly destinations: ReadonlyMap<string, Checked<ConnectorOptions>>;
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
  readonly problems: readonly Problem[];
}

/** Validates a whole config. `folder` is the config file's, from where relative paths count. */
export function checkFile(root: ConfigMapping, folder: string): CheckedFile {
  const top = checkSection({ schema: fileSchema, value: root, path: [] });
  const sources = checkConnectors({ section: 'sources', kinds: sourceKinds, plannedKinds: plannedSourceKinds });
  const destinations = checkConnectors({
    section: 'destinations',
    kinds: destinationKinds,
    plannedKinds: plannedDestinationKinds,
  });
  const known = {
    sources: [...sources.keys()],
    destinations: [...destinations.keys()],
    allowSmallChunks: top.value?.testing.smallChunks ?? false,
  };
  const pipelines = new Map(
    entriesOf(root, 'pipelines').map(([name, value]) => [name, checkPipeline({ name, value, ...known })]),
  );
  const streams = [...pipelines.values()].flatMap((pipeline) => [...pipeline.streams.values()]);
  const problems = [
    ...top.problems,
    ...checkNames([...sources.keys()], 'sources'),
    ...checkNames([...destinations.keys()], 'destinations'),
    ...[...sources.values(), ...destinations.values(), ...pipelines.values()].flatMap((checked) => checked.problems),
    ...findSharedTables(
      streams.filter((stream) => stream !== null),
      (name) => destinations.get(name)?.value ?? name,
    ),
  ];
  return { top, sources, destinations, pipelines, problems };

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

function checkNames(names: readonly string[], section: string): Problem[] {
  return names.filter((name) => !isStreamNamePart(name)).map((name) => ({ path: [section, name], text: nameText }));
}

function entriesOf(root: ConfigMapping, section: string): [string, unknown][] {
  const value = root[section];
  return isMapping(value) ? Object.entries(value) : [];
}
