import type { Command, Help } from 'commander';
import { exitCodeMeaning, type ExitCode } from './exit-code.ts';

export interface VerbHelp {
  readonly examples: readonly string[];
  readonly seeAlso: readonly string[];
  readonly exits: readonly ExitCode[];
}

/** Help of one verb: what it does, usage, examples that run as they stand, flags, exit codes. */
export function formatVerbHelp(command: Command, help: Help, verb: VerbHelp): string {
  const flags = help.visibleOptions(command).map((option): [string, string] => [option.flags, option.description]);
  const codes = verb.exits.map((code): [string, string] => [String(code), exitCodeMeaning[code]]);
  return sections([
    command.description(),
    `Usage: sluice ${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trimEnd() + ' [flags]',
    `Examples:\n${verb.examples.map((example) => `  ${example}`).join('\n')}`,
    `Flags:\n${twoColumns(flags)}`,
    `See also: ${verb.seeAlso.map((name) => `sluice ${name}`).join(', ')}`,
    `Exit codes:\n${twoColumns(codes)}`,
  ]);
}

/** Help of the program: its verbs, a line each, under the headings of their groups. */
export function formatProgramHelp(command: Command, help: Help): string {
  const verbs = help.visibleCommands(command);
  const width = Math.max(...verbs.map((verb) => verb.name().length));
  const groups = [...Map.groupBy(verbs, (verb) => verb.helpGroup())].map(
    ([heading, members]) =>
      `${heading}:\n${twoColumns(
        members.map((verb) => [verb.name(), verb.summary()]),
        width,
      )}`,
  );
  return sections([
    command.description(),
    'Usage: sluice <verb> [pipeline.stream ...] [flags]',
    ...groups,
    'sluice <verb> --help shows a verb with examples, flags and exit codes.',
  ]);
}

function sections(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

function twoColumns(
  rows: readonly (readonly [string, string])[],
  width = Math.max(...rows.map(([left]) => left.length)),
): string {
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
