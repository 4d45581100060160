import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Of the tables in the file: processes of another layout keep a budget of their own. */
const layout = 2;

/** The file of a budget. What identifies it, a secret perhaps, does not show in the name. */
export function budgetPath(folder: string, kind: string, identity: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return join(folder, `${kind}-${digest}.v${layout}.budget`);
}
