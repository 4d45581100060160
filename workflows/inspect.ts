import type { InspectInput, InspectResult } from '../model/inspection.ts';
import { inspection } from './activity-options.ts';
import { invalidStart } from './invalid-start.ts';

/** One look at source, destination or ledger, made by the worker that holds their connections and budget. */
export async function inspect(input: InspectInput): Promise<InspectResult> {
  if (typeof (input as InspectInput | undefined)?.verb !== 'string') {
    throw invalidStart('an inspection needs its verb', 'give an input such as {"verb": "check"}');
  }
  return inspection.inspect.executeWithOptions({ summary: input.verb }, [input]);
}
