import { stringify } from 'yaml';
import { destinationKinds, type DestinationStarter, type SetupStep } from '../destinations/registry.ts';
import { isStreamNamePart } from '../model/stream-name.ts';
import { sourceKinds, type SourceStarter } from '../sources/registry.ts';

export type { SetupStep };

/** What a first config is made of. */
export interface StarterAnswers {
  readonly source: string;
  /** The environment variable that holds the source's secret. */
  readonly secretVariable: string;
  /** Null for the source's usual place. */
  readonly url: string | null;
  readonly destinationKind: string;
  /** Of the option that says which one it is. */
  readonly destination: string;
  readonly streams: readonly string[];
  readonly schedules: 'on' | 'off';
}

export interface Starter extends Pick<SourceStarter, 'secret' | 'streams'> {
  readonly destination: Pick<DestinationStarter, 'option' | 'value' | 'question'>;
}

/** Beside the config. */
export const schemaFile = '.sluice/schema.json';

export const starterSources: readonly string[] = Object.keys(sourceKinds);

/** The usual one first. */
export const starterDestinations: readonly string[] = Object.keys(destinationKinds);

/** The usual answers for a kind of source and one of destination. */
export function starterOf(source: string, destination: string): Starter {
  return { ...sourceKinds[source]!.starter, destination: destinationKinds[destination]!.starter };
}

/** What an administrator does for a kind of destination, once; empty where nothing is to be done. */
export function setupOf(destination: string): readonly SetupStep[] {
  return destinationKinds[destination]!.setup;
}

/** The pipeline that a first config has. */
export function starterPipeline(source: string): string {
  return sourceKinds[source]!.starter.name;
}

export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** What is wrong with a list of streams; null for one that will do. */
export function streamsProblem(streams: readonly string[]): string | null {
  if (streams.length === 0) return 'name one stream at least';
  const unfit = streams.find((stream) => !isStreamNamePart(stream));
  return unfit === undefined ? null : `"${unfit}" is not a name: letters, digits, _ or -, a letter first`;
}

/** A whole config with one pipeline. It names the secret's variable and never holds a secret. */
export function starterText(answers: StarterAnswers): string {
  const { name, schema, secret, urlOption } = sourceKinds[answers.source]!.starter;
  const { starter: destination } = destinationKinds[answers.destinationKind]!;
  const options = { [destination.option]: answers.destination, ...destination.others };
  const optionLines = Object.entries(options).map(([option, value]) => `    ${option}: ${scalar(value)}\n`);
  const url = answers.url === null ? '' : `    ${urlOption}: ${scalar(answers.url)}\n`;
  const streams = answers.streams.map((stream) => `      ${stream}: {}\n`).join('');
  return `# yaml-language-server: $schema=./${schemaFile}
# Relative paths count from this file. Every option: docs/configuration.md
version: 1

sources:
  ${name}:
    kind: ${answers.source}
    ${secret.option}: \${${answers.secretVariable}} # from the environment, or from a .env file beside this one
${url}
destinations:
  ${destination.name}:
    kind: ${answers.destinationKind}
${optionLines.join('')}
pipelines:
  ${name}:
    source: ${name}
    destination: ${destination.name}
    schema: ${schema}
    streams:
${streams}
${schedulesText[answers.schedules]}
`;
}

const schedulesText = {
  on: 'schedules: { incremental: 120s, softDelete: 6h, reconcile: 1d } # made by `sluice schedules apply`',
  off: 'schedules: off # a run is what somebody starts',
} as const;

/** Quoted where YAML would read it as something else. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
