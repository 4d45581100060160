import type { InspectResults } from '../model/inspection.ts';
import type { RejectFilter } from '../model/reject.ts';
import type { StreamName } from '../model/stream-name.ts';
import { countText } from './count-text.ts';
import { instantText } from './duration.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { inspect } from './inspection.ts';
import type { Output } from './output.ts';
import { rejectsText } from './rejects-text.ts';
import { withTemporal, type ConfigSession } from './session.ts';
import { printTable } from './table.ts';

type Answer = InspectResults['errorGroups'];

/** The rejects of some streams by cause, the largest first. */
export async function showGroups(asked: {
  readonly session: ConfigSession;
  readonly streams: readonly StreamName[];
  readonly filter: RejectFilter;
  readonly output: Output;
}): Promise<ExitCode> {
  const { streams, output } = asked;
  const answers = await readGroups(asked);
  const groups = answers.flatMap((answer) => answer.groups).toSorted((a, b) => b.rejects - a.rejects);
  const total = answers.reduce((sum, answer) => sum + answer.total, 0);
  const omittedGroups = answers.reduce((sum, answer) => sum + answer.omittedGroups, 0);
  if (groups.length > 0) output.text(printTable(columns, groups.map(rowOf), output));
  output.talk(rejectsText(total, streams));
  if (omittedGroups > 0)
    output.warn(`${countText(omittedGroups)} smaller groups are not shown; next: add --column or --since`);
  const [largest] = groups;
  if (largest !== undefined) {
    const column = largest.column === null ? '' : ` --column ${largest.column}`;
    const these = `sluice errors ${largest.stream}${column}`;
    output.talk(`which: ${these} --list; read again: ${these} --refetch --wait`);
  }
  output.document('errors', { streams, total, groups, omittedGroups });
  return exitCode.done;
}

/** Asked of each destination by itself: only the holder of its file can look into it. */
async function readGroups({
  session,
  streams,
  filter,
}: Pick<Parameters<typeof showGroups>[0], 'session' | 'streams' | 'filter'>): Promise<Answer[]> {
  const byDestination = Map.groupBy(streams, (stream) => session.config.stream(stream).destination);
  return withTemporal(session, async (temporal) => {
    const answers: Answer[] = [];
    for (const some of byDestination.values()) {
      answers.push(await inspect(temporal, session.taskQueue, { verb: 'errorGroups', streams: some, ...filter }));
    }
    return answers;
  });
}

const columns = [
  { title: 'stream' },
  { title: 'column' },
  { title: 'reason' },
  { title: 'source type' },
  { title: 'column type' },
  { title: 'rejects', align: 'right' },
  { title: 'records', align: 'right' },
  { title: 'first (UTC)' },
  { title: 'last (UTC)' },
] as const;

function rowOf(group: Answer['groups'][number]): string[] {
  return [
    group.stream,
    group.column ?? '—',
    group.reason,
    group.sourceType ?? '—',
    group.columnType ?? '—',
    countText(group.rejects),
    countText(group.records),
    instantText(group.firstAt),
    instantText(group.lastAt),
  ];
}
