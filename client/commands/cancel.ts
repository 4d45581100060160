import type { Command } from 'commander';
import { callerName } from '../caller-name.ts';
import { CliError } from '../cli-error.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { steerEach, until } from '../steer.ts';
import { defineVerb } from '../verb.ts';

interface CancelFlags {
  readonly all?: true;
  readonly yes?: true;
  readonly note?: string;
}

export const cancelCommand = (): Command =>
  defineVerb<CancelFlags>({
    usage: 'cancel [streams...]',
    summary: 'stop the running backfill; rows already merged stay',
    examples: ['sluice cancel crm.contacts', 'sluice cancel --all --yes --note "wrong account"'],
    seeAlso: ['pause', 'status', 'backfill'],
    exits: [0, 1, 2, 4, 5, 7],
    flags: (command) =>
      command
        .option('--all', 'every stream of the config')
        .option('--yes', 'with --all: do not ask')
        .option('--note <text>', "why, kept in the run's history"),
    run: async (call) => {
      const { all, yes, note } = call.options;
      if (all === (call.words.length > 0 || undefined)) throw wrongTarget();
      if (all)
        await confirm('cancelling the backfills of all streams', {
          ...(yes ? { yes } : {}),
          isJson: call.output.isJson,
        });
      return steerEach(call, 'cancel', async ({ temporal, stream, runs, observe }) => {
        const reason = note === undefined ? `by ${callerName()}` : `by ${callerName()}: ${note}`;
        if (!(await runs.cancelBackfill(temporal, stream, reason))) return null;
        const closed = await until(async () => {
          const facts = await observe();
          return facts === null || facts.end !== null ? facts : null;
        });
        return closed === null ? `cancelling ${stream}; see sluice status ${stream}` : `cancelled ${stream}`;
      });
    },
  });

function wrongTarget(): CliError {
  return new CliError(exitCode.usage, 'cancel takes either streams or --all', { next: 'sluice cancel --help' });
}
