import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DestinationCost } from '../../model/inspection.ts';
import type { Positions } from '../../model/positions.ts';
import { CliError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';
import { parseSince } from '../instant-flag.ts';
import type { Output } from '../output.ts';
import { openConfig, withTemporal } from '../session.ts';
import type { RowCounts, StreamStatus } from '../stream-status.ts';
import type { TemporalConnection } from '../temporal-connection.ts';
import { defineVerb } from '../verb.ts';

const watchMs = 2_000;
const costsSince = '7d';

/** A warehouse may have to start, and what an account notes of its use is large. */
const costsWithinMs = 300_000;

export const statusCommand = (): Command =>
  defineVerb<{ watch?: true; exact?: true; cost?: true; since?: string }>({
    usage: 'status [streams...]',
    summary: 'show every stream: what runs and why not, rows, lag',
    examples: [
      'sluice status',
      'sluice status crm.contacts --watch',
      'sluice status --cost --since 7d',
      'sluice status --json',
    ],
    seeAlso: ['history', 'errors', 'schedules', 'pause'],
    exits: [0, 2, 4, 5],
    flags: (command) =>
      command
        .option('--watch', 'repeat until none of them is running')
        .option('--exact', 'count rows where that costs money, too; else they are those of the last run')
        .option('--cost', 'ask metered destinations what runs have cost, which takes their compute')
        .option('--since <when>', `with --cost: since when, as 24h, 2026-01-31 or an instant (default: ${costsSince})`),
    run: async ({ words, options, output }) => {
      const since = costSince(options, new Date());
      const session = await openConfig(options);
      const { taskQueue } = session;
      const streams = words.length > 0 ? session.resolveStreams(words) : session.streams;
      return withTemporal(session, async (temporal) => {
        const [{ readRowCounts, readStatus, withLastKnown }, { wantedSchedules }, { scheduleWarnings }] =
          await Promise.all([
            import('../stream-status.ts'),
            import('../config-schedules.ts'),
            import('../status-rows.ts'),
          ]);
        const wanted = wantedSchedules(session, streams, (line) => output.warn(line));
        const isExact = options.exact === true;
        const readRows = () => readRowCounts(temporal, taskQueue, { streams, isExact });
        let [statuses, rows] = await Promise.all([readStatus(temporal, streams, wanted), readRows()]);
        if (rows.unavailable !== null) output.warn(`rows are not counted: ${rows.unavailable}`);

        const show = options.watch ? await openWatch(streams, output) : null;
        let openRuns = countOpen(statuses);
        while (show !== null && openRuns > 0) {
          show(statuses, withLastKnown(rows.counts, statuses));
          await sleep(watchMs);
          statuses = await readStatus(temporal, streams, wanted);
          if (countOpen(statuses) < openRuns) rows = await readRows();
          openRuns = countOpen(statuses);
        }
        const counts = withLastKnown(rows.counts, statuses);
        if (show === null) output.text(await tableText(statuses, counts, output));
        else show(statuses, counts);
        const cost =
          since === null ? null : { since, destinations: await readCosts(temporal, taskQueue, streams, since) };
        if (cost !== null) await showCost(cost, output);
        for (const line of scheduleWarnings(statuses)) output.talk(line);
        output.document('status', {
          ...(options.watch ? { type: 'result' } : {}),
          rowsUnavailable: rows.unavailable,
          streams: documentOf(statuses, counts),
          ...(cost === null ? {} : { cost }),
        });
        return exitCode.done;
      });
    },
  });

/** Null where nobody asks. */
function costSince({ cost, since }: { readonly cost?: true; readonly since?: string }, now: Date): string | null {
  if (cost === true) return parseSince(since ?? costsSince, '--since', now);
  if (since === undefined) return null;
  throw new CliError(exitCode.usage, '--since goes with --cost', { next: 'give both, or neither' });
}

async function readCosts(
  temporal: TemporalConnection,
  taskQueue: string,
  streams: readonly string[],
  since: string,
): Promise<readonly DestinationCost[]> {
  const { inspect } = await import('../inspection.ts');
  const asked = { verb: 'cost', streams, since } as const;
  return (await inspect(temporal, taskQueue, asked, { timeoutMs: costsWithinMs })).destinations;
}

async function showCost(
  { since, destinations }: { readonly since: string; readonly destinations: readonly DestinationCost[] },
  output: Output,
): Promise<void> {
  const [{ printTable }, { costColumns, costNotes, costRows }] = await Promise.all([
    import('../table.ts'),
    import('../cost-text.ts'),
  ]);
  const rows = costRows(destinations.flatMap(({ report }) => report?.modes ?? []));
  if (rows.length > 0) output.text(`\n${printTable(costColumns, rows, output)}`);
  for (const line of destinations.flatMap((each) => costNotes(each, since))) output.talk(line);
}

function countOpen(statuses: readonly StreamStatus[]): number {
  return statuses.flatMap(({ runs }) => runs).filter(({ end }) => end === null).length;
}

type Show = (statuses: readonly StreamStatus[], counts: RowCounts) => void;

/** Repeats the status as stdout allows: JSON lines, a table rewritten in place, or a line for each change. */
async function openWatch(streams: readonly string[], output: Output): Promise<Show> {
  if (output.isJson) {
    return (statuses, counts) => output.document('status', { type: 'progress', streams: documentOf(statuses, counts) });
  }
  const { canRepaint, createRepaint } = await import('../repaint.ts');
  if (canRepaint(process.env, { isTerminal: output.isTerminal })) {
    const [{ alignedTable }, { statusColumns, statusRows }] = await Promise.all([
      import('../table.ts'),
      import('../status-rows.ts'),
    ]);
    const repaint = createRepaint(process.stdout);
    return (statuses, counts) => {
      const rows = statusRows(statuses, counts, new Date());
      repaint(alignedTable(statusColumns, rows).trimEnd().split('\n'));
    };
  }
  const { openAppendingBoard } = await import('../progress.ts');
  const labelWidth = Math.max(...streams.map((stream) => stream.length));
  const board = openAppendingBoard((line) => output.text(`${line}\n`), labelWidth);
  return (statuses) => {
    for (const view of statuses) board.update({ view, perSecond: null, remainingMs: null });
  };
}

async function tableText(statuses: readonly StreamStatus[], counts: RowCounts, output: Output): Promise<string> {
  const [{ printTable }, { statusColumns, statusRows }] = await Promise.all([
    import('../table.ts'),
    import('../status-rows.ts'),
  ]);
  return printTable(statusColumns, statusRows(statuses, counts, new Date()), output);
}

function documentOf(statuses: readonly StreamStatus[], counts: RowCounts): object[] {
  const nowMs = Date.now();
  return statuses.map((status) => ({
    ...status,
    positions: status.positions === null ? null : { ...status.positions, ...lags(status.positions, nowMs) },
    rows: counts[status.stream] ?? null,
  }));
}

function lags({ fast, settled }: Positions, nowMs: number): { fastLagMs: number; settledLagMs: number } {
  return { fastLagMs: nowMs - Date.parse(fast), settledLagMs: nowMs - Date.parse(settled) };
}
