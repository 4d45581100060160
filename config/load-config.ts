import { join, resolve } from 'node:path';
import type { SyncError } from '../model/errors.ts';
import { noKeys, type KeyRing } from '../model/key-ring.ts';
import { streamName, type StreamName } from '../model/stream-name.ts';
import { minChunkRecords } from '../model/backfill-request.ts';
import type { DestinationConfig } from '../destinations/registry.ts';
import type { SourceConfig } from '../sources/registry.ts';
import { checkFile } from './check-file.ts';
import type { ConnectorOptions } from './check-connector.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { Checked } from './check-section.ts';
import { defaultConfigNames, readConfigFile, unwrittenConfigFile } from './config-file.ts';
import { defaultBudgetDir } from './default-budget-dir.ts';
import { checkEncryption, readKeyRing } from './encryption.ts';
import { readEnvironment } from './environment.ts';
import { suggestName } from '../model/nearest-name.ts';
import { readHashKey } from './hash-key.ts';
import { readIncrementalSwitch } from './incremental-switch.ts';
import { monitoringSections, type MonitoringSettings } from './monitoring.ts';
import { overrideValues } from './override-values.ts';
import { configInvalid, isUnder, pathKey, problemLine, type ConfigPath, type Problem } from './problem.ts';
import { expandReferences, type Environment } from './references.ts';
import type { FileOptions } from './schema.ts';
import { parseConfigDocument, valueAt } from './yaml-document.ts';

export interface LoadConfigRequest {
  /** The config file; without it `sluice.yaml`, else `sluice.yml`, of the directory. */
  readonly path?: string;
  /** The config itself, where the file at `path` is not written yet. */
  readonly text?: string;
  /** Usually `process.env`; read again for every rotated secret, never written. */
  readonly env: Environment;
  /** Where `path` counts from; the current directory by default. */
  readonly directory?: string;
  /** Values in place of the file's, by dotted path (`sources.crm.baseUrl`); taken literally. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** A valid config. A section's variables are asked for when the section is used, so that a verb needs only its own. */
export interface LoadedConfig {
  /** Absolute. */
  readonly path: string;
  /** Absolute; stages and the local Temporal keep their files below it. */
  readonly dataDir: string;
  readonly stageDir: string;
  /** Absolute: where processes of this machine share the request budgets of their accounts. */
  readonly budgetDir: string;
  /** The smallest `chunkRecords` a run may have: 1 where `testing.smallChunks` is set. */
  readonly fewestPerChunk: number;
  readonly temporal: FileOptions['temporal'];
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  readonly streamNames: readonly StreamName[];
  /** Validated options of a source. Throws `ConfigInvalid` on an unknown name, a missing variable, or one of a wrong form. */
  source(name: string): SourceConfig;
  destination(name: string): DestinationConfig;
  /** Throws `ConfigInvalid` like `source`; `resolveStream` also reads an address that a person typed. */
  stream(name: StreamName): StreamSettings;
  /** Throws `ConfigInvalid` like `source`. */
  monitoring(): MonitoringSettings;
  /** The key of hashed columns, as it was when the config was loaded. Throws `ConfigInvalid` where none is set, or a short one. */
  hashKey(): string;
  /** Keys of what Temporal keeps. Throws `ConfigInvalid` where one is missing, or is no key. */
  keyRing(): KeyRing;
  /** A scalar as `.env` and the environment have it now: how a rotated secret is picked up. Throws when it is missing. */
  readScalar(path: readonly string[]): string;
}

/** Sections whose variables are asked for only when they are used. */
const lazySections: ReadonlySet<string | number | undefined> = new Set([
  'sources',
  'destinations',
  'pipelines',
  'encryption',
  ...Object.keys(monitoringSections),
]);

/** Reads and validates a config. Throws one `ConfigInvalid` with a line for each problem. */
export function loadConfig(request: LoadConfigRequest): LoadedConfig {
  const directory = request.directory ?? process.cwd();
  const file =
    request.text === undefined
      ? readConfigFile(request.path, directory)
      : unwrittenConfigFile(request.path ?? defaultConfigNames[0], request.text, directory);
  const document = parseConfigDocument(file.text, file.shownAs);
  const written = overrideValues(document.root, request.overrides ?? {});
  const environment = (): Environment => readEnvironment(file.folder, request.env);
  const variables = environment();
  const tree = expandReferences(written, variables);
  const incrementalEnabled = readIncrementalSwitch(variables);
  const checked = checkFile({ root: tree.root, folder: file.folder, incrementalEnabled });

  const lineOf = (problem: Problem): string => problemLine(file.shownAs, document.positionOf(problem.path), problem);
  const isDeferred = ({ path, isStructural }: Problem): boolean =>
    isStructural !== true && lazySections.has(path[0]) && tree.references.has(pathKey(path));
  const malformed = new Set(tree.malformed.map(({ path }) => pathKey(path)));
  const encryption = checked.top.value?.encryption ?? null;
  const encryptionProblems =
    encryption === null ? [] : checkEncryption(encryption, (path) => tree.references.has(pathKey(path)));
  const problems = [
    ...tree.malformed,
    ...[...checked.problems, ...encryptionProblems].filter(({ path }) => !malformed.has(pathKey(path))),
  ];
  const wrongNow = problems.filter((problem) => !isDeferred(problem));
  if (wrongNow.length > 0) throw configInvalid(wrongNow.map(lineOf));
  const deferred = problems.filter(isDeferred);

  /** Throws what is missing from, or wrong with, a part of the config that is about to be used. */
  const demand = (isUsed: (path: ConfigPath) => boolean): void => {
    const missing = tree.missing.filter(({ path }) => isUsed(path));
    if (missing.length > 0) throw missingVariables(missing);
    const wrong = deferred.filter(({ path }) => isUsed(path));
    if (wrong.length > 0) throw configInvalid(wrong.map(lineOf));
  };
  const missingVariables = (missing: typeof tree.missing): SyncError => {
    const names = [...new Set(missing.map(({ variable }) => variable))].join(', ');
    return configInvalid(missing.map(lineOf), `set ${names} in the environment or in ${join(file.folder, '.env')}`);
  };
  demand((path) => !lazySections.has(path[0]));

  const connector = (section: string, name: string, all: ReadonlyMap<string, Checked<ConnectorOptions>>) => {
    const found = all.get(name);
    if (found === undefined) throw unknownName(`${section}.${name}`, file.shownAs, suggestName(name, [...all.keys()]));
    demand((path) => isUnder(path, [section, name]));
    return valid(found.value);
  };
  const streamNames = [...checked.pipelines].flatMap(([pipeline, { names }]) =>
    names.map((stream) => streamName(pipeline, stream)),
  );
  const top = valid(checked.top.value);
  const dataDir = resolve(file.folder, top.dataDir);
  return {
    path: file.path,
    dataDir,
    stageDir: join(dataDir, 'stage'),
    budgetDir: top.budgetDir === undefined ? defaultBudgetDir(request.env) : resolve(file.folder, top.budgetDir),
    fewestPerChunk: top.testing.smallChunks ? 1 : minChunkRecords,
    temporal: top.temporal,
    sourceNames: [...checked.sources.keys()],
    destinationNames: [...checked.destinations.keys()],
    streamNames,
    source: (name) => connector('sources', name, checked.sources),
    destination: (name) => connector('destinations', name, checked.destinations),
    stream(name) {
      const [pipeline = '', stream = ''] = name.split('.');
      if (!streamNames.includes(name)) {
        throw unknownName(`stream ${name}`, file.shownAs, suggestName(name, streamNames));
      }
      demand((path) => isUnder(path, ['pipelines', pipeline]) && (path[2] !== 'streams' || path[3] === stream));
      return valid(checked.pipelines.get(pipeline)?.streams.get(stream) ?? null);
    },
    keyRing() {
      demand((path) => path[0] === 'encryption');
      return encryption === null ? noKeys : readKeyRing(encryption, file.folder);
    },
    monitoring() {
      demand(([section]) => Object.hasOwn(monitoringSections, section ?? ''));
      return valid(checked.monitoring.value);
    },
    hashKey: () => readHashKey(variables, join(file.folder, '.env')),
    readScalar(path) {
      const now = expandReferences(written, environment());
      const missing = now.missing.filter((found) => pathKey(found.path) === pathKey(path));
      if (missing.length > 0) throw missingVariables(missing);
      const value = valueAt(now.root, path);
      if (value === undefined || value === null || typeof value === 'object') {
        throw configInvalid([lineOf({ path, text: 'must be one value' })]);
      }
      return String(value);
    },
  };
}

function unknownName(what: string, file: string, hint: string): SyncError {
  return configInvalid([`there is no ${what} in ${file}`], hint);
}

/** What has no problem has a value; `checkFile` keeps the two together. */
function valid<T>(value: T | null): T {
  if (value === null) throw new Error('a section without problems has no value');
  return value;
}
