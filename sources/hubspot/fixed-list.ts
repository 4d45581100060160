import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import type { FixedObject, FixedObjectName } from './fixed-object.ts';
import { parseAnswer } from './parse-answer.ts';
import type { HubSpotRecord } from './record-row.ts';

/** HubSpot's maximum for owners; pipelines have no pages. */
const ownersPerPage = 500;

export interface FixedPage {
  readonly records: readonly HubSpotRecord[];
  readonly observedAt: string;
}

interface ListDeps {
  readonly api: HubSpotApi;
  readonly paths: ApiPaths;
  readonly meter: RequestMeter;
}

/** All of a fixed object, live or (owners only) archived. Every page is whole; there is at least one. */
export async function listFixed(
  deps: ListDeps,
  object: FixedObject,
  request: { readonly archived: boolean; readonly signal: AbortSignal },
): Promise<FixedPage[]> {
  const path = fixedPath(deps.paths, object.name);
  const toRecords = recordsOf[object.name];
  const pages: FixedPage[] = [];
  const tokens = new Set<string>();
  for (let after: string | null = null; ;) {
    const query = object.name === 'owners' ? ownersQuery({ after, archived: request.archived }) : '';
    const call = { method: 'GET', path: path + query, bucket: 'burst', signal: request.signal } as const;
    const { json, observedAt } = await deps.api.call(call, deps.meter);
    const { results, paging } = parseAnswer(answerSchema, json, object.name);
    pages.push({ records: results.flatMap(toRecords), observedAt });
    after = paging?.next?.after ?? null;
    if (after === null) return pages;
    if (tokens.has(after)) throw new SyncError('Unavailable', `HubSpot ${object.name}: the pages lead in a circle`);
    tokens.add(after);
  }
}

/** Where a fixed object is read; one request to it tells whether it may be. */
export function fixedPath(paths: ApiPaths, name: FixedObjectName): string {
  switch (name) {
    case 'owners':
      return paths.owners;
    case 'deal_pipelines':
    case 'deal_pipeline_stages':
      return paths.pipelines('deals');
    case 'ticket_pipelines':
    case 'ticket_pipeline_stages':
      return paths.pipelines('tickets');
    default:
      return name satisfies never;
  }
}

function ownersQuery({ after, archived }: { after: string | null; archived: boolean }): string {
  const from = after === null ? '' : `&after=${encodeURIComponent(after)}`;
  return `?limit=${ownersPerPage}&archived=${archived}${from}`;
}

const text = z.union([z.string().min(1), z.number().int()]).transform(String);
const itemSchema = z.looseObject({ id: text, updatedAt: z.string().nullish() });
type Item = z.infer<typeof itemSchema>;

const answerSchema = z.object({
  results: z.array(itemSchema.extend({ stages: z.array(itemSchema).optional() })),
  paging: z.object({ next: z.object({ after: text }).nullish() }).nullish(),
});
type ListedItem = z.infer<typeof answerSchema>['results'][number];

const itself = (item: ListedItem): HubSpotRecord[] => [toRecord(item)];
const itsStages = ({ id, stages }: ListedItem): HubSpotRecord[] =>
  (stages ?? []).map((stage) => toRecord({ ...stage, pipelineId: id }));

const recordsOf: Readonly<Record<FixedObjectName, (item: ListedItem) => HubSpotRecord[]>> = {
  owners: itself,
  deal_pipelines: itself,
  deal_pipeline_stages: itsStages,
  ticket_pipelines: itself,
  ticket_pipeline_stages: itsStages,
};

function toRecord({ id, updatedAt, ...fields }: Item): HubSpotRecord {
  const properties = Object.entries({ updatedAt, ...fields }).map(([name, value]) => [name, fieldText(value)]);
  return {
    id,
    updatedAt: updatedAt ?? null,
    properties: Object.fromEntries(properties) as HubSpotRecord['properties'],
  };
}

function fieldText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
