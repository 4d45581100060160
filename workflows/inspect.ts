import type { InspectInput, InspectResult } from '../model/inspection.ts';
import { inspectionOn, placeOf } from './activity-options.ts';
import { invalidStart } from './invalid-start.ts';

/** One look at source, destination or ledger, made by the worker that holds their connections and budget. */
export async function inspect(input: InspectInput): Promise<InspectResult> {
  if (typeof (input as InspectInput | undefined)?.verb !== 'string') {
    throw invalidStart('an inspection needs its verb', 'give an input such as {"verb": "check"}');
  }
  const taskQueue = await queueOf(input);
  return inspectionOn(taskQueue, input.verb).inspect.executeWithOptions({ summary: input.verb }, [input]);
}

/** A look into one destination is made where it is held; streams of several destinations are looked at from anywhere. */
async function queueOf(input: InspectInput): Promise<string | null> {
  const streams = 'streams' in input ? input.streams : 'stream' in input ? [input.stream] : [];
  const queues = new Set<string | null>();
  for (const stream of streams) queues.add(await placeOf(stream));
  const [queue] = queues;
  return queues.size === 1 ? (queue ?? null) : null;
}
