import type { MendInput, MendResult } from '../model/mending.ts';
import { mendingOn, placeOf } from './activity-options.ts';
import { invalidStart } from './invalid-start.ts';

/** Clears away what ended runs could not: rows that still say `running`, and staged files. */
export async function mend(input: MendInput): Promise<MendResult> {
  const { lostRuns = [], stages = [] } = (input as MendInput | undefined) ?? {};
  if (!Array.isArray(lostRuns) || !Array.isArray(stages)) {
    throw invalidStart('there is nothing to mend', 'start it by sluice doctor --fix');
  }
  const closedRuns: string[] = [];
  for (const [stream, runs] of Map.groupBy(lostRuns as NonNullable<MendInput['lostRuns']>, (lost) => lost.stream)) {
    const steps = mendingOn(await placeOf(stream));
    const summary = `${stream}: ${runs.length} lost runs`;
    closedRuns.push(...(await steps.closeLostRuns.executeWithOptions({ summary }, [{ stream, runs }])));
  }
  if (stages.length > 0) {
    await mendingOn(null).sweepStages.executeWithOptions({ summary: `${stages.length} stages` }, [{ stages }]);
  }
  return { closedRuns, sweptStages: stages.length };
}
