import type { InspectResults } from '../model/inspection.ts';
import { adoptionText } from './adoption-text.ts';
import { reportError } from './cli-error.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { inspect } from './inspection.ts';
import { writeError } from './output.ts';
import { openConfig, withTemporal } from './session.ts';
import type { VerbCall } from './verb.ts';

/** All rows of a table are counted. */
const answerWithinMs = 5 * 60_000;

/** Shows what adopting the tables of the streams would do: each on its own, since one that cannot be keeps no other from being shown. */
export async function previewAdoptions({ words, options, output }: VerbCall<object>): Promise<ExitCode> {
  const session = await openConfig(options);
  const streams = session.resolveStreams(words);
  return withTemporal(session, async (temporal) => {
    const adoptions: Omit<InspectResults['adoption'], 'verb'>[] = [];
    const codes: ExitCode[] = [exitCode.done];
    for (const stream of streams) {
      try {
        const input = { verb: 'adoption', stream } as const;
        const found = await inspect(temporal, session.taskQueue, input, { timeoutMs: answerWithinMs });
        const { verb: _, ...adoption } = found;
        adoptions.push(adoption);
        output.text(adoptionText(found));
        output.talk(`next: sluice backfill ${stream} --adopt`);
      } catch (error) {
        const report = reportError(error);
        writeError(report, output);
        codes.push(report.exitCode);
      }
    }
    output.document('backfill', { dryRun: true, adoptions });
    return gravestExitCode(codes);
  });
}
