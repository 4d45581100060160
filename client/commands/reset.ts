import type { Command } from 'commander';
import type { ResetInput } from '../../workflows/messages.ts';
import { CliError, reportError } from '../cli-error.ts';
import { confirm } from '../confirm.ts';
import { exitCode, gravestExitCode, type ExitCode } from '../exit-code.ts';
import { writeError } from '../output.ts';
import { openConfig, withTemporal } from '../session.ts';
import { defineVerb } from '../verb.ts';

interface ResetFlags {
  readonly all?: true;
  readonly dropTable?: true;
  readonly yes?: true;
}

export const resetCommand = (): Command =>
  defineVerb<ResetFlags>({
    usage: 'reset [streams...]',
    summary: 'forget how far a stream is read; it needs a backfill then',
    description:
      'Forget positions and resume points of streams. Runs under way end as fenced, and nothing is read\nuntil the next backfill. Rows stay unless --drop-table.',
    examples: ['sluice reset crm.contacts --yes', 'sluice reset --all --drop-table --yes'],
    seeAlso: ['backfill', 'resync', 'status'],
    exits: [0, 1, 2, 4, 5, 7],
    flags: (command) =>
      command
        .option('--all', 'every stream of the config')
        .option('--drop-table', 'drop the table with its rows, too')
        .option('--yes', 'do not ask'),
    run: async ({ words, options, output }) => {
      const { all, dropTable, yes } = options;
      if (all === (words.length > 0 || undefined)) {
        throw new CliError(exitCode.usage, 'reset takes either streams or --all', { next: 'sluice reset --help' });
      }
      const session = await openConfig(options);
      const streams = all ? session.streams : session.resolveStreams(words);
      const tableRows: ResetInput['tableRows'] = dropTable ? 'drop' : 'keep';
      const plan = `resetting ${streams.join(', ')} (${tableText[tableRows]})`;
      await confirm(plan, { ...(yes ? { yes } : {}), isJson: output.isJson });
      return withTemporal(session, async (temporal) => {
        const { refuseWhileBackfilling, resetStream } = await import('../reset-stream.ts');
        await refuseWhileBackfilling(temporal, streams);
        output.talk('runs of these streams that are under way end as fenced; nothing is read until the next backfill');
        const outcomes: { stream: string; generation: number | null; exitCode: ExitCode }[] = [];
        for (const stream of streams) {
          try {
            const { generation } = await resetStream(temporal, session.taskQueue, { stream, tableRows });
            output.text(`reset ${stream} (${tableText[tableRows]})\n`);
            output.talk(`next: sluice backfill ${stream}`);
            outcomes.push({ stream, generation, exitCode: exitCode.done });
          } catch (error) {
            const report = reportError(error);
            writeError(report, output);
            outcomes.push({ stream, generation: null, exitCode: report.exitCode });
          }
        }
        output.document('reset', { tableRows, streams: outcomes });
        return gravestExitCode(outcomes.map((outcome) => outcome.exitCode));
      });
    },
  });

const tableText: Readonly<Record<ResetInput['tableRows'], string>> = {
  keep: 'rows kept',
  drop: 'table dropped',
};
