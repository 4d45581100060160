import { setTimeout as sleep } from 'node:timers/promises';
import { syncModes, type SyncMode } from '../model/plan.ts';
import { CliError, reportError } from './cli-error.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { modesOf } from './mode-flag.ts';
import { runNoun } from './mode-words.ts';
import { writeError } from './output.ts';
import { plainLine } from './plain-text.ts';
import { openConfig, withTemporal } from './session.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { VerbCall } from './verb.ts';

const settleWithinMs = 10_000;
const pollMs = 250;

export interface SteerTarget {
  readonly temporal: TemporalConnection;
  readonly stream: string;
  readonly modes: readonly SyncMode[];
  /** A line for the person watching, ahead of the outcome. */
  readonly talk: (line: string) => void;
}

/** Returns what came of it, a line each; none where there was nothing to steer. */
export type Steer = (target: SteerTarget) => Promise<readonly string[]>;

/**
 * Steers each stream on its own; without words, every stream of the config. Nothing to steer is exit code 1 for a stream that
 * was named. `load` brings in what needs the Temporal client.
 */
export async function steerEach(
  call: VerbCall<{ readonly mode?: string }>,
  verb: string,
  load: () => Promise<Steer>,
): Promise<ExitCode> {
  const { words, options, output } = call;
  const modes = modesOf(options.mode);
  const session = await openConfig(options);
  const isNamed = words.length > 0;
  const streams = isNamed ? session.resolveStreams(words) : session.streams;
  return withTemporal(session, async (temporal) => {
    const steer = await load();
    const outcomes: { stream: string; text: string; exitCode: ExitCode }[] = [];
    for (const stream of streams) {
      try {
        const lines = await steer({ temporal, stream, modes, talk: (line) => output.talk(line) });
        if (lines.length === 0 && isNamed) throw nothingToSteer(stream, modes);
        if (lines.length === 0) continue;
        output.text(lines.map((line) => `${plainLine(line)}\n`).join(''));
        outcomes.push({ stream, text: lines.join('; '), exitCode: exitCode.done });
      } catch (error) {
        const report = reportError(error);
        writeError(report, output);
        outcomes.push({ stream, text: report.message, exitCode: report.exitCode });
      }
    }
    if (outcomes.length === 0) output.talk('nothing is running');
    output.document(verb, { streams: outcomes });
    return gravestExitCode(outcomes.map((outcome) => outcome.exitCode));
  });
}

function nothingToSteer(stream: string, modes: readonly SyncMode[]): CliError {
  const what = modes.length === syncModes.length ? 'nothing' : `no ${modes.map((mode) => runNoun[mode]).join(' or ')}`;
  return new CliError(exitCode.runFailed, `${what} of ${stream} is running`, { next: `sluice status ${stream}` });
}

/** Asks until there is an answer, for at most ten seconds; null if there was none by then. */
export async function until<Answer>(ask: () => Promise<Answer | null>): Promise<Answer | null> {
  const deadlineMs = Date.now() + settleWithinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null || Date.now() > deadlineMs) return answer;
    await sleep(pollMs);
  }
}
