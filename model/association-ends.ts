import type { StreamPlan } from './plan.ts';
import type { TableName } from './stream-table.ts';

/** A table of associations, and its column that names a stream's records. */
export interface AssociationEnd {
  readonly table: TableName;
  readonly end: 'from_id' | 'to_id';
}

/** Where associations of the plan's own records are, at either end. */
export function associationEnds(plan: StreamPlan): AssociationEnd[] {
  // Associations of an object with itself have its records at both ends.
  const incoming = [...plan.incomingAssociations, ...plan.associations.filter(({ to }) => to === plan.object)];
  return [
    ...plan.associations.map(({ table }) => ({ table, end: 'from_id' as const })),
    ...incoming.map(({ table }) => ({ table, end: 'to_id' as const })),
  ];
}
