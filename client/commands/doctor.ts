import type { Command } from 'commander';
import { suggestName } from '../../model/nearest-name.ts';
import { SyncError } from '../../model/errors.ts';
import { CliError } from '../cli-error.ts';
import { doctorGroups, type DoctorGroup } from '../doctor/finding-codes.ts';
import type { TreatedFinding } from '../doctor/mend-findings.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { openConfig, type ConfigSession } from '../session.ts';
import { defineVerb, type VerbCall } from '../verb.ts';

interface DoctorFlags {
  readonly fix?: true;
  readonly only?: string;
  readonly strict?: true;
  readonly exact?: true;
}

export const doctorCommand = (): Command =>
  defineVerb<DoctorFlags>({
    usage: 'doctor [streams...]',
    summary: 'find what is wrong, with evidence, and mend what is safe',
    description: 'Find what is wrong with config, Temporal, runs, schedules, streams, destinations and sources.',
    examples: [
      'sluice doctor',
      'sluice doctor --fix',
      'sluice doctor crm.contacts --only runs',
      'sluice doctor --strict --json',
    ],
    seeAlso: ['check', 'status', 'schedules', 'verify'],
    exits: [0, 2, 3, 4, 5],
    flags: (command) =>
      command
        .option('--fix', 'mend what is safe to mend, and say what was done')
        .option('--only <group>', `one group: ${doctorGroups.join(', ')}`)
        .option('--strict', 'exit code 3 for warnings too')
        .option('--exact', 'look into destinations where a look costs money, too'),
    run: async (call) => {
      const groups = readGroups(call.options.only);
      const opened = await openOrExplain(call);
      if ('finding' in opened) return report(call, new Map([['config', [opened.finding]]]));
      return examine(call, opened.session, groups);
    },
  });

function readGroups(only: string | undefined): readonly DoctorGroup[] {
  if (only === undefined) return doctorGroups;
  const group = doctorGroups.find((name) => name === only);
  if (group !== undefined) return [group];
  throw new CliError(exitCode.usage, `sluice doctor has no group "${only}"`, { next: suggestName(only, doctorGroups) });
}

/** A config that cannot be read is a finding like any other, and the only one there can be. */
async function openOrExplain(
  call: VerbCall<DoctorFlags>,
): Promise<{ session: ConfigSession } | { finding: TreatedFinding }> {
  try {
    return { session: await openConfig(call.options) };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const [{ judgeConfigFile }, { untreated }] = await Promise.all([
      import('../doctor/checks/config-file.ts'),
      import('../doctor/mend-findings.ts'),
    ]);
    return { finding: untreated(judgeConfigFile({ problem: error.message, next: error.next ?? null })) };
  }
}

async function examine(
  call: VerbCall<DoctorFlags>,
  session: ConfigSession,
  groups: readonly DoctorGroup[],
): Promise<ExitCode> {
  const { words, options } = call;
  const [{ openExamination }, { examineGroup }, { mendFindings, untreated }] = await Promise.all([
    import('../doctor/open-examination.ts'),
    import('../doctor/examine-group.ts'),
    import('../doctor/mend-findings.ts'),
  ]);
  const isWhole = words.length === 0;
  const streams = isWhole ? session.streams : session.resolveStreams(words);
  const examination = openExamination({ session, streams, isWhole, isExact: options.exact === true });
  try {
    const found = new Map<DoctorGroup, readonly TreatedFinding[]>();
    for (const group of groups) {
      const findings = await examineGroup(group, examination);
      found.set(group, options.fix ? await mendFindings(findings, examination) : findings.map(untreated));
    }
    return await report(call, found);
  } finally {
    await examination.close();
  }
}

async function report(
  { options, output }: VerbCall<DoctorFlags>,
  found: ReadonlyMap<DoctorGroup, readonly TreatedFinding[]>,
): Promise<ExitCode> {
  const [{ groupText, reportStyle, summaryText }, { exitCodeOfFindings }] = await Promise.all([
    import('../doctor/report-text.ts'),
    import('../doctor/exit-code-of.ts'),
  ]);
  const style = reportStyle(process.env);
  for (const [group, findings] of found) output.text(groupText(group, findings, style));
  const all = [...found.values()].flat();
  output.text(`${summaryText(all)}\n`);
  const code = exitCodeOfFindings(all, { warnings: options.strict ? 'count' : 'pass' });
  output.document('doctor', {
    exitCode: code,
    findings: [...found].flatMap(([group, findings]) =>
      findings.map(({ repair, ...finding }) => ({ group, ...finding, isFixable: repair !== null })),
    ),
  });
  return code;
}
