import { basename } from 'node:path';
import { callerName } from './caller-name.ts';

/** What Temporal keeps beside a schedule that we create or change: `applied by anna@host from sluice.yaml`. */
export function appliedNote(configPath: string): string {
  return `applied by ${callerName()} from ${basename(configPath)}`;
}
