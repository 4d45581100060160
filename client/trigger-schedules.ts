import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import { scheduleId } from '../model/workflow-id.ts';
import type { BeginOptions, BegunRun } from './begin-run.ts';
import { CliError } from './cli-error.ts';
import { configSchedules } from './config-schedules.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { modesOf } from './mode-flag.ts';
import { runNoun } from './mode-words.ts';
import { runEach, type WaitFlags } from './run-streams.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { VerbCall } from './verb.ts';

interface TriggerFlags extends WaitFlags {
  readonly mode?: string;
}

interface TriggerKey {
  readonly mode: ScheduledMode;
  readonly stream: string;
}

/** Starts a run of each schedule that config has for the streams, or of the mode that is asked for. */
export function triggerSchedules(call: VerbCall<TriggerFlags>): Promise<ExitCode> {
  const { mode } = call.options;
  return runEach<TriggerKey>(call, 'schedules', {
    ordersFor: (streams, session) => {
      if (mode === undefined) return configSchedules(session, streams).desired;
      const modes = scheduledModes.filter((each) => modesOf(mode).includes(each));
      return streams.flatMap((stream) => modes.map((each) => ({ mode: each, stream })));
    },
    begin: triggerSchedule,
  });
}

/** Begins what the schedule itself would begin; throws where there is none. */
async function triggerSchedule(
  temporal: TemporalConnection,
  { mode, stream }: TriggerKey,
  options: BeginOptions,
): Promise<BegunRun> {
  const [{ beginRun }, { describeSchedule, ownerOf }] = await Promise.all([
    import('./begin-run.ts'),
    import('./stored-schedule.ts'),
  ]);
  const id = scheduleId(mode, stream);
  const stored = await describeSchedule(temporal, id);
  const [input] = (stored?.action.args ?? []) as readonly { readonly stream: string }[];
  if (stored === null || ownerOf(stored) === null || input === undefined) {
    throw new CliError(exitCode.runFailed, `${stream} has no schedule ${id} of sluice's in Temporal`, {
      next: `sluice schedules apply ${stream}`,
    });
  }
  return beginRun(temporal, { mode, input, summary: `${runNoun[mode]} of ${stream}, triggered by hand` }, options);
}
