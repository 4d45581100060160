import type { InspectInput, InspectResults, InspectVerb } from '../model/inspection.ts';
import { withTemporal, type ConfigSession } from './session.ts';

/** One look at source, destination or ledger by the worker of this config; throws exit code 5 where none is up. */
export async function askWorker<Verb extends InspectVerb>(
  session: ConfigSession,
  input: Extract<InspectInput, { verb: Verb }>,
): Promise<InspectResults[Verb]> {
  return withTemporal(session, async (temporal) => {
    const { inspect } = await import('./inspection.ts');
    return inspect<Verb>(temporal, session.taskQueue, input);
  });
}
