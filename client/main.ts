#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { reportError } from './cli-error.ts';
import { backfillCommand } from './commands/backfill.ts';
import { cancelCommand } from './commands/cancel.ts';
import { checkCommand } from './commands/check.ts';
import { devCommand } from './commands/dev.ts';
import { discoverCommand } from './commands/discover.ts';
import { errorsCommand } from './commands/errors.ts';
import { historyCommand } from './commands/history.ts';
import { pauseCommand } from './commands/pause.ts';
import { resumeCommand } from './commands/resume.ts';
import { statusCommand } from './commands/status.ts';
import { workerCommand } from './commands/worker.ts';
import { exitCode } from './exit-code.ts';
import { formatProgramHelp } from './help-text.ts';
import { exitQuietlyOnClosedPipe, writeError } from './output.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const verbs = [
  devCommand,
  workerCommand,
  checkCommand,
  discoverCommand,
  backfillCommand,
  statusCommand,
  pauseCommand,
  resumeCommand,
  cancelCommand,
  historyCommand,
  errorsCommand,
];

exitQuietlyOnClosedPipe();
await main(process.argv);

async function main(argv: readonly string[]): Promise<void> {
  const isJson = argv.includes('--json') || process.env['SLUICE_JSON'] === '1';
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage;
      if (error.exitCode !== 0 && error.code !== 'commander.help') writeError(usageReport(error), { isJson });
      return;
    }
    const report = reportError(error);
    writeError(report, { isJson });
    if (argv.includes('--debug')) console.error(error);
    process.exitCode = report.exitCode;
  }
}

function createProgram(): Command {
  const program = new Command('sluice')
    .description('Durable HubSpot backfills into DuckDB, on Temporal.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .configureHelp({ formatHelp: formatProgramHelp });
  for (const verb of verbs) program.addCommand(verb());
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  return program;
}

/** Commander's message in our one line: `unknown command 'stauts'; next: sluice status`. */
function usageReport(error: CommanderError): { message: string; next: string; exitCode: 2 } {
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(hint ?? '')?.[1];
  const next = suggestion === undefined ? 'sluice --help' : `did you mean ${suggestion}?`;
  return { message: what, next, exitCode: exitCode.usage };
}
