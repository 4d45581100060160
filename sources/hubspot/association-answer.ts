import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import { parseAnswer } from './parse-answer.ts';

const id = z.union([z.string().min(1), z.number().int()]).transform(String);

const answerSchema = z.object({
  status: z.string().optional(),
  results: z.array(
    z.object({
      from: z.object({ id }),
      to: z.array(
        z.object({
          toObjectId: id,
          associationTypes: z.array(z.object({ category: z.string(), typeId: id, label: z.string().nullish() })),
        }),
      ),
      paging: z.object({ next: z.object({ after: id }).nullish() }).nullish(),
    }),
  ),
  errors: z.array(z.object({ category: z.unknown(), subCategory: z.unknown() })).nullish(),
});

export interface Association {
  readonly toId: string;
  readonly category: string;
  readonly typeId: string;
  readonly label: string | null;
}

/** What one answer tells of one record. */
export interface AssociationPage {
  readonly associations: readonly Association[];
  /** Where the record's next page begins; null after its last. */
  readonly after: string | null;
}

/**
 * An answer by record id. A record without associations is absent, or (in a 207) an error that says so. Raises
 * `Unavailable` for any other error in it, and for an answer that is not whole: neither may pass for "no associations".
 */
export function parseAssociationAnswer(json: unknown, where: string): ReadonlyMap<string, AssociationPage> {
  const { status, results, errors } = parseAnswer(answerSchema, json, where);
  if (status !== undefined && status !== 'COMPLETE') {
    throw new SyncError('Unavailable', `HubSpot ${where}: the answer is not complete`);
  }
  const other = errors?.find(({ subCategory }) => !saysNone(subCategory));
  if (other !== undefined) {
    const category = typeof other.category === 'string' ? other.category : 'unknown';
    throw new SyncError('Unavailable', `HubSpot ${where}: some records could not be read (${category})`);
  }
  return new Map(
    results.map(({ from, to, paging }) => [
      from.id,
      { associations: to.flatMap(associationsOf), after: paging?.next?.after ?? null },
    ]),
  );
}

/** Seen bare and with a prefix, as `crm.associations.NO_ASSOCIATIONS_FOUND`. */
function saysNone(subCategory: unknown): boolean {
  return typeof subCategory === 'string' && /(^|\.)NO_ASSOCIATIONS_FOUND$/.test(subCategory);
}

type ToObject = z.infer<typeof answerSchema>['results'][number]['to'][number];

function associationsOf({ toObjectId, associationTypes }: ToObject): Association[] {
  return associationTypes.map(({ category, typeId, label }) => ({
    toId: toObjectId,
    category,
    typeId,
    label: label ?? null,
  }));
}
