import type { StreamPlan } from '../model/plan.ts';
import { digestOf } from './digest.ts';

/**
 * Names everything that must be the same for one run to go on where another stopped: what is read, as which columns and
 * types, and into which database. Hex.
 */
export function planDigest(plan: StreamPlan, destinationIdentity: string): string {
  const { source, object, table, key, versionProperty, columns } = plan;
  return digestOf([
    destinationIdentity,
    source,
    object,
    [table.schema, table.table],
    [key.name, key.type],
    versionProperty,
    columns.map(({ name, property, type, isHashed }) => [name, property, type, isHashed ?? false]),
  ]);
}
