import type { Command } from 'commander';
import { suggestName } from '../../model/nearest-name.ts';
import { scheduledModes } from '../../model/scheduled-mode.ts';
import { workflowNames } from '../../model/workflow-id.ts';
import { CliError } from '../cli-error.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { defineVerb, type VerbCall } from '../verb.ts';

export interface SchedulesFlags {
  readonly dryRun?: true;
  readonly mode?: string;
  readonly note?: string;
}

const actions = ['list', 'apply', 'diff', 'pause', 'resume', 'trigger'] as const;

type Action = (typeof actions)[number];

export const schedulesCommand = (): Command =>
  defineVerb<SchedulesFlags>({
    usage: `schedules [${actions.join('|')}] [streams...]`,
    summary: 'show the schedules, or make them those of the config',
    description: [
      'Show when each stream runs by itself (list), make the schedules in Temporal those of the config',
      '(apply), or say what that would change (diff, with exit code 3 where anything would). pause and',
      'resume hold schedules alone: what runs goes on. trigger starts a run now as the schedule would.',
      'Without streams, all of the config; trigger takes their names.',
    ].join('\n'),
    examples: [
      'sluice schedules',
      'sluice schedules diff',
      'sluice schedules apply crm.contacts',
      'sluice schedules pause crm.contacts --mode reconcile --note "quarter end"',
      'sluice schedules trigger crm.contacts --mode incremental',
    ],
    seeAlso: ['status', 'pause', 'resume', 'sync'],
    exits: [0, 1, 2, 3, 4, 5],
    flags: (command) =>
      command
        .option('--dry-run', 'with apply: say what would change, and change nothing')
        .option('--mode <name>', 'with pause, resume, trigger: only incremental, soft-delete or reconcile')
        .option('--note <text>', 'with pause: why, for others to see in status'),
    run: async (call) => {
      const { action, names } = readWords(call.words);
      requireFlags(action, call.options);
      return perform(action, { ...call, words: names });
    },
  });

function readWords(words: readonly string[]): { readonly action: Action; readonly names: readonly string[] } {
  const [first = 'list', ...names] = words;
  const action = actions.find((name) => name === first);
  if (action !== undefined) return { action, names };
  if (first.includes('.')) return { action: 'list', names: words };
  throw usage(`sluice schedules knows ${actions.slice(0, -1).join(', ')} and ${actions.at(-1)!}, not "${first}"`);
}

function requireFlags(action: Action, { dryRun, mode, note }: SchedulesFlags): void {
  if (dryRun && action !== 'apply') throw usage('--dry-run is for sluice schedules apply');
  if (note !== undefined && action !== 'pause') throw usage('--note is for sluice schedules pause');
  if (mode === undefined) return;
  if (!['pause', 'resume', 'trigger'].includes(action)) throw usage('--mode is for pause, resume and trigger');
  const known: readonly string[] = scheduledModes.map((name) => workflowNames[name].id);
  if (known.includes(mode)) return;
  throw new CliError(exitCode.usage, `--mode "${mode}" has no schedules`, { next: suggestName(mode, known) });
}

async function perform(action: Action, call: VerbCall<SchedulesFlags>): Promise<ExitCode> {
  switch (action) {
    case 'list':
      return (await import('../schedules-list.ts')).listSchedules(call);
    case 'apply':
      return (await import('../schedules-apply.ts')).applySchedules(call, call.options.dryRun ? 'dryRun' : 'apply');
    case 'diff':
      return (await import('../schedules-apply.ts')).applySchedules(call, 'diff');
    case 'pause':
    case 'resume':
      return (await import('../schedules-hold.ts')).holdSchedules(call, action);
    case 'trigger':
      if (call.words.length === 0) throw usage('sluice schedules trigger takes the streams to run');
      return (await import('../trigger-schedules.ts')).triggerSchedules(call);
    default:
      return action satisfies never;
  }
}

function usage(message: string): CliError {
  return new CliError(exitCode.usage, message, { next: 'sluice schedules --help' });
}
