import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { withInterruption } from '../interruption.ts';
import { openConfig, withTemporal } from '../session.ts';
import { defineVerb } from '../verb.ts';

export const workerCommand = (): Command =>
  defineVerb({
    usage: 'worker',
    summary: 'run a worker in the foreground',
    description: 'Run a worker until SIGTERM or Ctrl-C; an extract under way hands back what it has read.',
    examples: ['sluice worker', 'sluice worker --config production.yaml'],
    seeAlso: ['dev', 'check'],
    exits: [0, 1, 2, 4, 5],
    run: async ({ options, output }) => {
      const session = await openConfig(options);
      const { config, taskQueue } = session;
      // Tried once here, so that a wrong address is one clear error and not a worker that retries for ever.
      const { found, connectOptions, namespace } = await withTemporal(session, async (temporal) => temporal);
      const { runWorker } = await import('../../worker/main.ts');
      const onReady = (): void => {
        output.talk(`ready: task queue ${taskQueue} of ${found.address}, namespace ${namespace}; Ctrl-C ends it`);
        process.send?.('ready');
      };
      await withInterruption(async (interruption) => {
        const signal = AbortSignal.any([interruption, parentGone()]);
        await runWorker({
          config,
          connection: connectOptions,
          namespace,
          signal,
          onReady,
          deployment: config.temporal.deployment,
        });
      });
      return exitCode.done;
    },
  });

/** A worker that another program started with a channel to itself ends with that program. */
function parentGone(): AbortSignal {
  const controller = new AbortController();
  process.once('disconnect', () => controller.abort(new Error('the parent process is gone')));
  // The channel alone must not keep a finished worker alive.
  process.channel?.unref();
  // Listening holds the channel, which alone would keep a worker that has shut down from ending.
  process.channel?.unref();
  return controller.signal;
}
