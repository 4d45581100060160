import type { InspectInput, InspectResult } from '../model/inspection.ts';
import { inspection } from './activity-options.ts';

/** One look at source, destination or ledger, made by the worker that holds their connections and budget. */
export async function inspect(input: InspectInput): Promise<InspectResult> {
  return inspection.inspect.executeWithOptions({ summary: input.verb }, [input]);
}
