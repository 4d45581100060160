import type { Answer } from './answers.ts';
import { json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import type { ObjectType } from './object-types.ts';

/** `GET {pipelines}/{type}`: those in use, with the stages in use, without paging. */
export function listPipelines({ portal }: ApiRequest, type: ObjectType): Answer {
  const results = portal
    .pipelines(type)
    .all()
    .filter(({ archived }) => !archived)
    .map((pipeline) => ({ ...pipeline, stages: pipeline.stages.filter(({ archived }) => !archived) }));
  return { ...json(200, { results }), records: results.length };
}
