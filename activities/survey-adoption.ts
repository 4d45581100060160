import { adoptedPositions } from '../model/adoption.ts';
import type { InspectResults } from '../model/inspection.ts';
import { buildPlan } from './build-plan.ts';
import type { ActivityDeps } from './deps.ts';
import { trustedNow } from './trusted-now.ts';

/** What adopting the stream's table would do, changing nothing. */
export async function surveyAdoption(
  deps: ActivityDeps,
  { stream }: { readonly stream: string },
  signal: AbortSignal,
): Promise<InspectResults['adoption']> {
  const settings = deps.streamSettings(stream);
  const source = await deps.source(settings.source);
  const destination = await deps.destination(settings.destination);
  const description = await source.describeObject(settings.object, signal);
  const start = await source.planBackfill(settings.object, { kind: 'whole' }, signal);
  const plan = buildPlan(settings, description);
  const survey = await destination.surveyTable({ plan, run: null, sourceNow: trustedNow(start.sourceNow) }, signal);
  return {
    verb: 'adoption',
    stream,
    table: settings.table,
    survey,
    positions: adoptedPositions(survey.newestStamp, settings.incremental.windows.overlapMs),
    sourceRecords: start.estimatedRecords,
  };
}
