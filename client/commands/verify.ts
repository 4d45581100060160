import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { withInterruption } from '../interruption.ts';
import { openConfig, withTemporal } from '../session.ts';
import { defineVerb } from '../verb.ts';
import { isEqual, verifyText } from '../verify-text.ts';
import { wholeNumber } from '../whole-number.ts';

/** Every id of the stream is listed, at the pace the source allows. */
const answerWithinMs = 6 * 3_600_000;

interface VerifyFlags {
  readonly sample?: string;
}

export const verifyCommand = (): Command =>
  defineVerb<VerifyFlags>({
    usage: 'verify <stream>',
    summary: 'compare source and table, and change neither',
    description:
      'Compare all ids and versions of a stream, and every value of a sample, with the source.\nChanges nothing.',
    examples: ['sluice verify crm.contacts', 'sluice verify crm.contacts --sample 5000 --json'],
    seeAlso: ['reconcile', 'resync', 'status'],
    exits: [0, 1, 2, 3, 4, 5, 130],
    flags: (command) => command.option('--sample <n>', 'compare so many records value for value (default: 1000)'),
    run: async ({ words, options, output }) => {
      const sample = options.sample === undefined ? {} : { sample: wholeNumber(options.sample, '--sample') };
      const session = await openConfig(options);
      const [stream = ''] = session.resolveStreams(words);
      const { report, requests } = await withTemporal(session, async (temporal) => {
        const [{ inspect }, { withBusyLine }] = await Promise.all([
          import('../inspection.ts'),
          import('../busy-line.ts'),
        ]);
        return withInterruption((signal) => {
          const input = { verb: 'verify', stream, ...sample } as const;
          const look = () => inspect(temporal, session.taskQueue, input, { timeoutMs: answerWithinMs, signal });
          return output.isJson ? look() : withBusyLine(`comparing ${stream} with its source`, look);
        });
      });
      const code = isEqual(report) ? exitCode.done : exitCode.rejects;
      output.text(verifyText(stream, report, requests));
      output.document('verify', { stream, exitCode: code, isEqual: isEqual(report), report, requests });
      if (code !== exitCode.done) output.talk(`next: sluice reconcile ${stream} --wait`);
      return code;
    },
  });
