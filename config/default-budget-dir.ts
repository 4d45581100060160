import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Environment } from './references.ts';

/**
 * One folder for all configs of a user, since two of them may read the same account: in the state folder of the XDG base
 * directories.
 */
export function defaultBudgetDir(env: Environment): string {
  const stateHome = env['XDG_STATE_HOME'];
  // The specification has relative paths ignored.
  const isUsable = stateHome !== undefined && isAbsolute(stateHome);
  return join(isUsable ? stateHome : join(env['HOME'] || homedir(), '.local', 'state'), 'sluice', 'budgets');
}
