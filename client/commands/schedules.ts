import type { Command } from 'commander';
import type { ScheduleChange } from '../apply-schedules.ts';
import { CliError, reportError } from '../cli-error.ts';
import { desiredSchedules } from '../desired-schedules.ts';
import { instantText, spanText } from '../duration.ts';
import { exitCode, gravestExitCode, type ExitCode } from '../exit-code.ts';
import { writeError, type Output } from '../output.ts';
import { pauseNoteText } from '../pause-note.ts';
import type { ScheduleStatus } from '../read-schedules.ts';
import { openConfig, withTemporal, type ConfigSession } from '../session.ts';
import type { TemporalConnection } from '../temporal-connection.ts';
import { defineVerb, type VerbCall } from '../verb.ts';

interface SchedulesFlags {
  readonly dryRun?: true;
}

export const schedulesCommand = (): Command =>
  defineVerb<SchedulesFlags>({
    usage: 'schedules [list|apply] [streams...]',
    summary: 'show the schedules, or make them those of the config',
    description: 'Show when each stream runs by itself, or make the schedules in Temporal those of the config.',
    examples: ['sluice schedules', 'sluice schedules apply --dry-run', 'sluice schedules apply crm.contacts'],
    seeAlso: ['status', 'pause', 'resume', 'sync'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--dry-run', 'with apply: say what would change, and change nothing'),
    run: async (call) => {
      const { isApply, names } = readWords(call.words);
      if (call.options.dryRun && !isApply) throw usage('--dry-run is for sluice schedules apply');
      const session = await openConfig(call.options);
      const scope = scopeOf(session, names);
      return withTemporal(session, (temporal) => (isApply ? apply : list)({ call, session, temporal, scope }));
    },
  });

function readWords(words: readonly string[]): { readonly isApply: boolean; readonly names: readonly string[] } {
  const [action = 'list', ...names] = words;
  if (action === 'list' || action === 'apply') return { isApply: action === 'apply', names };
  if (action.includes('.')) return { isApply: false, names: words };
  throw usage(`sluice schedules knows list and apply, not "${action}"`);
}

function scopeOf(session: ConfigSession, names: readonly string[]) {
  const streams = names.length > 0 ? session.resolveStreams(names) : session.streams;
  const settings = streams.map((stream) => session.config.stream(stream));
  return {
    streams,
    desired: settings.flatMap((stream) => desiredSchedules(stream, session.taskQueue)),
    pipelines: names.length > 0 ? [] : [...new Set(settings.map(({ pipeline }) => pipeline))],
  };
}

interface Context {
  readonly call: VerbCall<SchedulesFlags>;
  readonly session: ConfigSession;
  readonly temporal: TemporalConnection;
  readonly scope: ReturnType<typeof scopeOf>;
}

async function apply({ call, session, temporal, scope }: Context): Promise<ExitCode> {
  const { output } = call;
  const isDryRun = call.options.dryRun === true;
  const [{ carryOut, planScheduleChanges }, { hasWorkerPolling }] = await Promise.all([
    import('../apply-schedules.ts'),
    import('../worker-pollers.ts'),
  ]);
  const changes = await planScheduleChanges(temporal, scope);
  const codes: ExitCode[] = [exitCode.done];
  const done: ScheduleChange[] = [];
  for (const change of changes) {
    try {
      if (!isDryRun || change.change === 'foreign') await carryOut(temporal, change);
      done.push(change);
    } catch (error) {
      const report = reportError(error);
      writeError(report, output);
      codes.push(report.exitCode);
    }
  }
  await showChanges(done, { isDryRun, output });
  if (!isDryRun && done.some(startsRuns) && !(await hasWorkerPolling(temporal, session.taskQueue))) {
    output.warn(`no worker polls task queue ${session.taskQueue}; runs wait for one; next: sluice worker`);
  }
  const code = gravestExitCode(codes);
  output.document('schedules', {
    exitCode: code,
    isDryRun,
    changes: done.map(({ scheduleId, stream, mode, change, ...rest }) => ({
      scheduleId,
      stream,
      mode,
      change,
      everyMs: 'desired' in rest ? rest.desired.everyMs : null,
      drift: 'drift' in rest ? rest.drift : [],
    })),
  });
  return code;
}

function startsRuns({ change }: ScheduleChange): boolean {
  return change === 'created' || change === 'updated';
}

async function showChanges(
  changes: readonly ScheduleChange[],
  { isDryRun, output }: { isDryRun: boolean; output: Output },
): Promise<void> {
  if (changes.length === 0) {
    output.talk('config has no schedules, and neither has Temporal');
    return;
  }
  const { printTable } = await import('../table.ts');
  const columns = [
    { title: 'schedule' },
    { title: 'every', align: 'right' },
    { title: isDryRun ? 'would be' : 'was' },
  ] as const;
  const rows = changes.map((change) => [
    change.scheduleId,
    'desired' in change ? spanText(change.desired.everyMs) : '—',
    change.change === 'updated' ? `updated (${change.drift.join('; ')})` : change.change,
  ]);
  output.text(printTable(columns, rows, output));
}

async function list({ call, temporal, scope }: Context): Promise<ExitCode> {
  const { output } = call;
  const { readSchedules } = await import('../read-schedules.ts');
  const schedules = await readSchedules(temporal, scope);
  if (schedules.length === 0) output.talk('config has no schedules, and neither has Temporal');
  else {
    const { printTable } = await import('../table.ts');
    output.text(printTable(listColumns, schedules.map(listRow), output));
  }
  if (schedules.some(({ state, drift }) => state === 'notApplied' || state === 'notInConfig' || drift.length > 0)) {
    output.talk('Temporal and config differ; next: sluice schedules apply');
  }
  output.document('schedules', { schedules });
  return exitCode.done;
}

const listColumns = [
  { title: 'schedule' },
  { title: 'every', align: 'right' },
  { title: 'next (UTC)' },
  { title: 'last (UTC)' },
  { title: 'result' },
  { title: 'skipped', align: 'right' },
  { title: 'missed', align: 'right' },
  { title: 'state' },
] as const;

function listRow(schedule: ScheduleStatus): string[] {
  const { everyMs, nextAt, lastRun } = schedule;
  return [
    schedule.scheduleId,
    everyMs === null ? '—' : spanText(everyMs),
    nextAt === null ? '—' : instantText(nextAt),
    lastRun === null ? '—' : instantText(lastRun.startedAt),
    lastRun === null ? '—' : lastRun.text,
    String(schedule.skippedOverlap),
    String(schedule.missedCatchup),
    stateText(schedule),
  ];
}

function stateText({ state, note, drift }: ScheduleStatus): string {
  const words = {
    active: null,
    paused: capitalised(pauseNoteText(note)),
    notApplied: 'Not applied',
    notInConfig: 'Not in config',
    foreign: 'Not created by sluice',
  }[state];
  const differs = drift.length === 0 ? null : `differs from config (${drift.join('; ')})`;
  return [words, differs].filter((part) => part !== null).join('; ') || 'Active';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function usage(message: string): CliError {
  return new CliError(exitCode.usage, message, { next: 'sluice schedules --help' });
}
