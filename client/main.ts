import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { reportError } from './cli-error.ts';
import { approveCommand } from './commands/approve.ts';
import { backfillCommand } from './commands/backfill.ts';
import { cancelCommand } from './commands/cancel.ts';
import { checkCommand } from './commands/check.ts';
import { codecServerCommand } from './commands/codec-server.ts';
import { devCommand } from './commands/dev.ts';
import { discoverCommand } from './commands/discover.ts';
import { doctorCommand } from './commands/doctor.ts';
import { errorsCommand } from './commands/errors.ts';
import { historyCommand } from './commands/history.ts';
import { initCommand } from './commands/init.ts';
import { pauseCommand } from './commands/pause.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { resetCommand } from './commands/reset.ts';
import { resyncCommand } from './commands/resync.ts';
import { resumeCommand } from './commands/resume.ts';
import { schedulesCommand } from './commands/schedules.ts';
import { schemaCommand } from './commands/schema.ts';
import { softDeleteCommand } from './commands/soft-delete.ts';
import { statusCommand } from './commands/status.ts';
import { syncCommand } from './commands/sync.ts';
import { verifyCommand } from './commands/verify.ts';
import { workerCommand } from './commands/worker.ts';
import { exitCode } from './exit-code.ts';
import { formatProgramHelp } from './help-text.ts';
import { exitQuietlyOnClosedPipe, writeError } from './output.ts';

const { version } = createRequire(import.meta.url)('#manifest') as { version: string };

/** In the order a person meets them. */
const groups: Readonly<Record<string, readonly (() => Command)[]>> = {
  'Set up': [initCommand, devCommand, workerCommand, checkCommand, discoverCommand, schemaCommand],
  'Fill and keep in step': [
    backfillCommand,
    syncCommand,
    softDeleteCommand,
    reconcileCommand,
    resyncCommand,
    schedulesCommand,
  ],
  Watch: [statusCommand, historyCommand, errorsCommand, verifyCommand, doctorCommand, codecServerCommand],
  Steer: [pauseCommand, resumeCommand, cancelCommand, approveCommand, resetCommand],
};

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
    .description('Keeps DuckDB in step with HubSpot, as durable Temporal workflows.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .configureHelp({ formatHelp: formatProgramHelp });
  for (const [heading, verbs] of Object.entries(groups)) {
    for (const verb of verbs) program.addCommand(verb().helpGroup(heading));
  }
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
