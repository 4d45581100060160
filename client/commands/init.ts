import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { StarterAnswers } from '../../config/starter.ts';
import type { Finding } from '../../model/finding.ts';
import { answerQuestions, canAskPerson, withPerson, type Unsaid } from '../ask-questions.ts';
import { CliError } from '../cli-error.ts';
import { exitCode, gravestExitCode, type ExitCode } from '../exit-code.ts';
import { exitCodeOfFinding, findingText } from '../finding-text.ts';
import type { InitAnswer } from '../init-questions.ts';
import { withInterruption } from '../interruption.ts';
import type { Output } from '../output.ts';
import { setupText } from '../setup-text.ts';
import { defineVerb, type VerbCall } from '../verb.ts';

interface InitFlags extends Partial<Record<Exclude<InitAnswer, 'place'> | PlaceFlag, string>> {
  readonly destination?: string;
  readonly baseUrl?: string;
  readonly yes?: true;
  /** False with `--no-check`. */
  readonly check: boolean;
}

/** Options of destinations that say which one it is. */
const placeFlags = ['path', 'account'] as const;
type PlaceFlag = (typeof placeFlags)[number];

export const initCommand = (): Command =>
  defineVerb<InitFlags>({
    usage: 'init [destination]',
    summary: 'ask five questions, and write a config that works',
    description:
      'Ask up to five questions, test the connection, and write sluice.yaml with a schema for editors.\n' +
      'With a kind of destination, tell what its administrator does once, and write nothing.',
    examples: [
      'sluice init',
      'sluice init --yes',
      'sluice init snowflake',
      'sluice init --yes --destination snowflake --account myorg-myaccount',
      'sluice init --token-env HUBSPOT_TOKEN --path ./crm.duckdb --streams contacts,deals --schedules off',
    ],
    seeAlso: ['check', 'dev', 'schema'],
    exits: [0, 2, 4, 5, 130],
    flags: (command) =>
      command
        .option('--source <kind>', 'kind of the source')
        .option('--token-env <name>', 'the environment variable that holds its token')
        .option('--destination <kind>', 'kind of the destination (default: duckdb)')
        .option('--path <file>', 'the DuckDB file to write to')
        .option('--account <name>', 'the Snowflake account to write to')
        .option('--streams <list>', 'what to copy: a,b,c')
        .option('--schedules <on|off>', 'whether schedules keep it in step')
        .option('--base-url <url>', 'where the API is served, if not at its usual place')
        .option('--yes', 'the usual answer to whatever is not given')
        .option('--no-check', 'write without testing the connection'),
    run: async (call) => {
      if (call.words[0] !== undefined) return showSetup(call.words[0], call.output);
      const path = requireNew(call.options.config);
      const answers = await ask(call);
      const { starterText, schemaFile, setupOf, starterPipeline } = await import('../../config/starter.ts');
      const text = starterText(answers);
      const { loadConfig } = await import('../../config/load-config.ts');
      const config = loadConfig({ path, text, env: process.env });
      const checked = await check(config, answers, call);
      if (checked.code !== exitCode.done) {
        call.output.talk('nothing was written; correct it, or write all the same with --no-check');
        call.output.document('init', { exitCode: checked.code, findings: checked.findings, files: [], next: [] });
        return checked.code;
      }
      const schema = join(dirname(path), schemaFile);
      const { configJsonSchema } = await import('../../config/json-schema.ts');
      write(schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`, { over: 'earlier' });
      write(path, text, { over: 'nothing' });
      const files = [path, schema];
      const next = nextCommands(answers, {
        pipeline: starterPipeline(answers.source),
        config: call.options.config,
        lacksToken: checked.lacksToken,
        needsSetup: setupOf(answers.destinationKind).length > 0,
      });
      call.output.text(files.map((file) => `wrote ${file}\n`).join(''));
      call.output.talk(`next:\n${next.map((line) => `  ${line}`).join('\n')}`);
      call.output.document('init', { exitCode: exitCode.done, findings: checked.findings, files, next });
      return exitCode.done;
    },
  });

/** Where the config is to be; throws a usage error where one is already. */
function requireNew(named: string | undefined): string {
  const taken = (named === undefined ? ['sluice.yaml', 'sluice.yml'] : [named]).find((path) => existsSync(path));
  if (taken !== undefined) throw isThere(taken);
  return resolve(named ?? 'sluice.yaml');
}

function isThere(path: string): CliError {
  return new CliError(exitCode.usage, `${path} is there already; nothing was written`, {
    next: 'name another file with --config, or move that one away',
  });
}

/** Writes nothing and connects to nothing: what is shown needs rights that a worker must not have. */
async function showSetup(kind: string, output: Output): Promise<ExitCode> {
  const { destinationProblem } = await import('../init-questions.ts');
  const problem = destinationProblem(kind);
  if (problem !== null) throw new CliError(exitCode.usage, `there is no destination of kind ${kind}: ${problem}`);
  const { setupOf } = await import('../../config/starter.ts');
  const setup = setupOf(kind);
  const next = [`sluice init --destination ${kind}`, 'sluice check'];
  output.text(setup.length === 0 ? `nothing is to be done for ${kind}\n` : setupText(setup));
  output.talk(`next:\n${next.map((line) => `  ${line}`).join('\n')}`);
  output.document('init', { exitCode: exitCode.done, findings: [], files: [], setup, next });
  return exitCode.done;
}

async function ask({ options, output }: VerbCall<InitFlags>): Promise<StarterAnswers> {
  const { destinationProblem, questionsFor, sourceQuestion, toStarter } = await import('../init-questions.ts');
  const { starterDestinations, starterOf, starterSources } = await import('../../config/starter.ts');
  const destinationKind = options.destination ?? starterDestinations[0]!;
  const problem = destinationProblem(destinationKind);
  if (problem !== null) throw new CliError(exitCode.usage, `--destination: ${problem}`);
  const answerAll = async (unsaid: Unsaid): Promise<StarterAnswers> => {
    const [only, another] = starterSources;
    const given = another === undefined ? { source: options.source ?? only! } : options;
    const { source } = await answerQuestions([sourceQuestion], given, unsaid);
    const { option } = starterOf(source, destinationKind).destination;
    const foreign = placeFlags.find((flag) => flag !== option && options[flag] !== undefined);
    if (foreign !== undefined) {
      throw new CliError(exitCode.usage, `--${foreign} does not go with a destination of kind ${destinationKind}`);
    }
    const place = options[option as PlaceFlag];
    const rest = await answerQuestions(
      questionsFor(source, destinationKind),
      { ...options, ...(place === undefined ? {} : { place }) },
      unsaid,
    );
    return toStarter({ ...rest, source }, { url: options.baseUrl ?? null, destinationKind });
  };
  if (options.yes) return answerAll('usual');
  if (!canAskPerson() || output.isJson) return answerAll(null);
  return withPerson((askPerson) => answerAll({ ask: askPerson, tell: (line) => output.talk(line) }));
}

/** Asks the source itself, where its token is there. */
async function check(
  config: LoadedConfig,
  { secretVariable }: StarterAnswers,
  { options, output }: VerbCall<InitFlags>,
): Promise<{ code: ExitCode; findings: readonly Finding[]; lacksToken: boolean }> {
  const { readEnvironment } = await import('../../config/environment.ts');
  const lacksToken = !readEnvironment(dirname(config.path), process.env)[secretVariable];
  const nothing = { code: exitCode.done, findings: [], lacksToken };
  if (!options.check) return nothing;
  if (lacksToken) {
    output.warn(`the connection is not tested: ${secretVariable} is not set`);
    return nothing;
  }
  const { checkSources } = await import('../../worker/check-sources.ts');
  const findings = await withInterruption((signal) => checkSources(config, signal));
  for (const finding of findings) output.text(findingText(finding));
  return { code: gravestExitCode(findings.map(exitCodeOfFinding)), findings, lacksToken };
}

function write(path: string, text: string, { over }: { over: 'nothing' | 'earlier' }): void {
  try {
    // Beside the schema will lie stages, and what the local Temporal keeps.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { flag: over === 'nothing' ? 'wx' : 'w' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && over === 'nothing') throw isThere(path);
    throw new CliError(exitCode.usage, `${path} cannot be written (${code})`, {
      next: 'name a file in a folder that you may write to with --config',
      cause: error,
    });
  }
}

function nextCommands(
  { secretVariable, streams, schedules, destinationKind }: StarterAnswers,
  {
    pipeline,
    config,
    lacksToken,
    needsSetup,
  }: { pipeline: string; config: string | undefined; lacksToken: boolean; needsSetup: boolean },
): string[] {
  const flag = config === undefined ? '' : ` --config ${config}`;
  return [
    ...(needsSetup ? [`sluice init ${destinationKind}   (what an administrator does once)`] : []),
    ...(lacksToken
      ? [`export ${secretVariable}=...   (or a line ${secretVariable}=... in .env beside the config)`]
      : []),
    `sluice dev${flag}   (a local Temporal and a worker, in a terminal of its own)`,
    `sluice check${flag}`,
    `sluice backfill ${streams.map((stream) => `${pipeline}.${stream}`).join(' ')} --wait${flag}`,
    ...(schedules === 'on' ? [`sluice schedules apply${flag}`] : []),
  ];
}
