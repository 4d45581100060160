import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { formatVerbHelp, type VerbHelp } from './help-text.ts';
import { createOutput, type Output } from './output.ts';

export interface CommonOptions {
  /** Without it, `sluice.yaml` or `sluice.yml` in the current directory. */
  readonly config?: string;
  readonly json?: true;
  readonly debug?: true;
}

export interface VerbCall<Options> {
  /** Words after the verb: streams, or what the verb takes. */
  readonly words: readonly string[];
  readonly options: Options & CommonOptions;
  readonly output: Output;
}

export interface VerbDescription<Options> extends VerbHelp {
  /** Verb and arguments as commander reads them: `backfill <streams...>`. */
  readonly usage: string;
  /** At most 60 characters, without a full stop: a line of the list of verbs. */
  readonly summary: string;
  /** The first line of its help; the summary if there is no more to say. */
  readonly description?: string;
  /** Flags of this verb alone; `--config`, `--json` and `--debug` are added to every one. */
  readonly flags?: (command: Command) => Command;
  readonly run: (call: VerbCall<Options>) => Promise<ExitCode>;
}

/** One verb as a commander command: what it returns becomes the process's exit code. */
export function defineVerb<Options>(verb: VerbDescription<Options>): Command {
  const command = new Command(verb.usage.split(' ')[0])
    .summary(verb.summary)
    .description(verb.description ?? verb.summary);
  for (const argument of verb.usage.split(' ').slice(1)) command.argument(argument);
  verb.flags?.(command);
  return command
    .option('--config <file>', 'the config file (default: sluice.yaml in the current directory)')
    .option('--json', 'one JSON document on stdout (also SLUICE_JSON=1)')
    .option('--debug', 'stack traces')
    .configureHelp({ formatHelp: (self, help) => formatVerbHelp(self, help, verb) })
    .action(async (...received: unknown[]) => {
      const options = command.opts<Options & CommonOptions>();
      const words = received
        .slice(0, -2)
        .flat()
        .filter((word): word is string => typeof word === 'string');
      process.exitCode = await verb.run({ words, options, output: createOutput({ isJson: wantsJson(options) }) });
    });
}

export function wantsJson(options: { readonly json?: true }): boolean {
  return options.json === true || process.env['SLUICE_JSON'] === '1';
}
