import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/** A flag's whole number above 0; throws a usage error that names the flag. */
export function wholeNumber(text: string, flag: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new CliError(exitCode.usage, `${flag} "${text}" is not a whole number above 0`);
  return Number(text);
}

/** A flag's TCP port; throws a usage error that names the flag. */
export function portNumber(text: string, flag: string): number {
  const port = wholeNumber(text, flag);
  if (port > 65_535) throw new CliError(exitCode.usage, `${flag} "${text}" is not a port`);
  return port;
}
