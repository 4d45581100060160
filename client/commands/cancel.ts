import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { modeFlag } from '../mode-flag.ts';
import { steerEach } from '../steer.ts';
import { defineVerb } from '../verb.ts';

interface CancelFlags {
  readonly all?: true;
  readonly yes?: true;
  readonly note?: string;
  readonly mode?: string;
}

export const cancelCommand = (): Command =>
  defineVerb<CancelFlags>({
    usage: 'cancel [streams...]',
    summary: 'stop the runs of a stream; rows already merged stay',
    description: 'Stop the runs of a stream; rows already merged stay, and its schedules go on.',
    examples: [
      'sluice cancel crm.contacts',
      'sluice cancel crm.contacts --mode backfill',
      'sluice cancel --all --yes --note "wrong account"',
    ],
    seeAlso: ['pause', 'status', 'backfill'],
    exits: [0, 1, 2, 4, 5, 7],
    flags: (command) =>
      command
        .option('--all', 'every stream of the config')
        .option('--yes', 'with --all: do not ask')
        .option('--note <text>', "why, kept in the run's history")
        .option(...modeFlag),
    run: async (call) => {
      const { all, yes, note } = call.options;
      if (all === (call.words.length > 0 || undefined)) throw wrongTarget();
      if (all)
        await confirm('cancelling the runs of all streams', {
          ...(yes ? { yes } : {}),
          isJson: call.output.isJson,
        });
      return steerEach(call, 'cancel', async () => {
        const { cancelStream } = await import('../cancel-stream.ts');
        return (target) => cancelStream(target, note);
      });
    },
  });

function wrongTarget(): CliError {
  return new CliError(exitCode.usage, 'cancel takes either streams or --all', { next: 'sluice cancel --help' });
}
