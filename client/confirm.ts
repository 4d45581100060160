import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/**
 * Lets a person stop what cannot be taken back. Throws exit code 7 where nobody can be asked, and where the answer is
 * not yes.
 */
export async function confirm(plan: string, options: { readonly yes?: true; readonly isJson: boolean }): Promise<void> {
  if (options.yes) return;
  const canAsk = process.stdin.isTTY && process.stderr.isTTY && !process.env['CI'] && !options.isJson;
  if (!canAsk)
    throw new CliError(exitCode.needsYes, `${plan} needs a confirmation; nothing was done`, { next: 'add --yes' });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${plan}? y/N `);
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new CliError(exitCode.needsYes, `${plan}: not confirmed; nothing was done`);
  } finally {
    terminal.close();
  }
}
