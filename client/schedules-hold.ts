import { callerName } from './caller-name.ts';
import type { ExitCode } from './exit-code.ts';
import { pauseNote } from './pause-note.ts';
import { steerEach, type Steer } from './steer.ts';
import { pauseStreamSchedules, readStreamSchedules, resumeStreamSchedules } from './stream-schedules.ts';
import type { VerbCall } from './verb.ts';

interface HoldFlags {
  readonly mode?: string;
  readonly note?: string;
}

/** Schedules alone: what runs goes on, or stays paused, which is said once. */
export function holdSchedules(call: VerbCall<HoldFlags>, action: 'pause' | 'resume'): Promise<ExitCode> {
  const streams = call.words.length > 0 ? call.words.join(' ') : '<streams>';
  const { note } = call.options;
  let hasTold = false;
  const steer: Steer = async (target) => {
    const { temporal, stream } = target;
    if ((await readStreamSchedules(temporal, target)).length === 0) {
      return [`${stream} has no schedules to ${action}; next: sluice schedules apply ${stream}`];
    }
    if (!hasTold) target.talk(`${whatRuns[action]}; next: sluice ${action} ${streams}`);
    hasTold = true;
    if (action === 'pause') {
      const text = pauseNote({ by: callerName(), at: new Date(), ...(note === undefined ? {} : { note }) });
      return pauseStreamSchedules(temporal, target, text);
    }
    const lines = await resumeStreamSchedules(temporal, target, `resumed by ${callerName()}`);
    return lines.length > 0 ? lines : [`no schedule of ${stream} was paused`];
  };
  return steerEach(call, 'schedules', () => Promise.resolve(steer));
}

const whatRuns = {
  pause: 'only schedules are paused, and what runs goes on',
  resume: 'only schedules are resumed, and a run that is paused stays so',
} as const;
