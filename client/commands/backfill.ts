import type { Command } from 'commander';
import type { BackfillInput } from '../../workflows/messages.ts';
import { backfillInputs, type BackfillFlags } from '../backfill-flags.ts';
import { reportError } from '../cli-error.ts';
import { parseDurationMs } from '../duration.ts';
import { exitCode, gravestExitCode, type ExitCode } from '../exit-code.ts';
import { writeError, type Output } from '../output.ts';
import { openConfig, withTemporal } from '../session.ts';
import type { TemporalConnection } from '../temporal-connection.ts';
import { defineVerb } from '../verb.ts';
import type { StartedRun } from '../wait-for-runs.ts';

export const backfillCommand = (): Command =>
  defineVerb<BackfillFlags>({
    usage: 'backfill <streams...>',
    summary: 'read whole streams, or some of their records',
    description: 'Read whole streams, or some of their records, into the destination.',
    examples: [
      'sluice backfill crm.contacts --wait',
      'sluice backfill crm.contacts --limit 100 --wait',
      'sluice backfill crm.contacts --ids 101,102,103 --wait',
      'sluice backfill crm.contacts --wait --timeout 30m --json',
    ],
    seeAlso: ['status', 'pause', 'cancel', 'errors'],
    exits: [0, 1, 2, 3, 4, 5, 6, 130],
    flags: (command) =>
      command
        .option('--wait', 'show progress and stay until the run ends')
        .option('--timeout <duration>', 'with --wait: give up waiting after 90s, 10m or 2h; the run goes on')
        .option('--limit <n>', 'only the first n records by id; touches no watermark')
        .option('--ids <list>', 'only these records: a,b,c or @file; touches no watermark')
        .option('--chunk-records <n>', 'records per chunk, 20000 to 50000 (fewer with --limit)')
        .option('--resume', 'go on from the last backfill, also a cancelled one, or fail')
        .option('--fresh', 'begin anew, also where the last backfill could go on'),
    run: async ({ words, options, output }) => {
      const timeoutMs = options.timeout === undefined ? null : parseDurationMs(options.timeout, '--timeout');
      const session = await openConfig(options);
      const inputs = backfillInputs(session.resolveStreams(words), options);
      const { taskQueue } = session;
      return withTemporal(session, async (temporal) => {
        const { hasWorkerPolling } = await import('../worker-pollers.ts');
        if (!(await hasWorkerPolling(temporal, taskQueue))) {
          output.warn(`no worker polls task queue ${taskQueue}; the run starts when one does; next: sluice dev`);
        }
        const { runs, codes } = await startAll(inputs, { temporal, taskQueue, output });
        if (options.wait && runs.length > 0) {
          const { waitForRuns } = await import('../wait-for-runs.ts');
          codes.push(await waitForRuns(temporal, runs, { timeoutMs, output }));
        } else if (runs.length > 0) {
          output.document('backfill', { runs });
          for (const { stream } of runs) {
            output.text(`started backfill of ${stream}\n`);
            output.talk(`watch it: sluice status ${stream} --watch`);
          }
        }
        return gravestExitCode(codes);
      });
    },
  });

/** Starts each stream on its own: one that cannot start keeps none of the others from running. */
async function startAll(
  inputs: readonly BackfillInput[],
  { temporal, taskQueue, output }: { temporal: TemporalConnection; taskQueue: string; output: Output },
): Promise<{ runs: StartedRun[]; codes: ExitCode[] }> {
  const { startBackfill } = await import('../backfill-runs.ts');
  const runs: StartedRun[] = [];
  const codes: ExitCode[] = [exitCode.done];
  for (const input of inputs) {
    const { stream } = input;
    const what = input.ids ? `${input.ids.length} ids` : input.limit ? `first ${input.limit} records` : 'whole stream';
    try {
      const run = await startBackfill(temporal, {
        input,
        taskQueue,
        summary: `backfill of ${stream}, ${what}`,
      });
      runs.push({ stream, run });
    } catch (error) {
      const report = reportError(error);
      writeError(report, output);
      codes.push(report.exitCode);
    }
  }
  return { runs, codes };
}
