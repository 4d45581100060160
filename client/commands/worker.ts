import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { WorkerEndpoint } from '../../worker/main.ts';
import { CliError } from '../cli-error.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { withInterruption } from '../interruption.ts';
import type { Output } from '../output.ts';
import { openConfig, withTemporal, type ConfigSession } from '../session.ts';
import { defineVerb } from '../verb.ts';

export const workerCommand = (): Command =>
  defineVerb<{ probe?: true }>({
    usage: 'worker',
    summary: 'run a worker in the foreground',
    description: 'Run a worker until SIGTERM or Ctrl-C; an extract under way hands back what it has read.',
    examples: ['sluice worker', 'sluice worker --config production.yaml', 'sluice worker --probe'],
    seeAlso: ['dev', 'check'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--probe', 'only say whether a worker of this host polls, for health checks'),
    run: async ({ options, output }) => {
      const session = await openConfig(options);
      if (options.probe) return probe(session, output);
      const { config, taskQueue } = session;
      // Tried once here, so that a wrong address is one clear error and not a worker that retries for ever.
      const { found, connectOptions, namespace } = await withTemporal(session, async (temporal) => temporal);
      const { runWorker } = await import('../../worker/main.ts');
      const onReady = (endpoints: readonly WorkerEndpoint[]): void => {
        output.talk(`ready: task queue ${taskQueue} of ${found.address}, namespace ${namespace}; Ctrl-C ends it`);
        for (const { name, url } of endpoints) output.talk(`${name}: ${url}`);
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

/** Its exit code is the answer: 0, or 5 where none has polled within about a minute. */
async function probe(session: ConfigSession, output: Output): Promise<ExitCode> {
  const host = hostname();
  const { workflowPollers } = await import('../worker-pollers.ts');
  const pollers = await withTemporal(session, (temporal) => workflowPollers(temporal, session.taskQueue));
  const isPolling = pollers.some((identity) => identity.endsWith(`@${host}`));
  output.document('worker', { host, taskQueue: session.taskQueue, isPolling });
  if (isPolling) {
    output.text(`a worker of ${host} polls task queue ${session.taskQueue}\n`);
    return exitCode.done;
  }
  throw new CliError(exitCode.unreachable, `no worker of ${host} polls task queue ${session.taskQueue}`, {
    next: "look at the worker's log",
  });
}

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
