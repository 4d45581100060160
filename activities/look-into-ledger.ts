import type { InspectResults, OpenRunRow } from '../model/inspection.ts';
import { checkDestination } from './check-connectors.ts';
import type { ActivityDeps } from './deps.ts';

/** Opens the destination, where that works, and reads which runs it takes for running. */
export async function lookIntoLedger(
  deps: ActivityDeps,
  streams: readonly string[],
  signal: AbortSignal,
): Promise<InspectResults['ledger']> {
  const settings = streams.map((stream) => deps.streamSettings(stream));
  const destinations = [...Map.groupBy(settings, ({ destination }) => destination)];
  const checked = await Promise.all(
    destinations.map(([name, used]) => checkDestination(deps, { name, streams: used }, signal)),
  );
  const findings = checked.flat();
  if (findings.some(({ status }) => status === 'failed')) return { verb: 'ledger', findings, openRuns: null };
  const openRuns: OpenRunRow[] = [];
  for (const { stream, table, destination: name } of settings) {
    const destination = await deps.destination(name);
    const open = await destination.listOpenRuns({ stream, table }, signal);
    openRuns.push(...open.map((run) => ({ stream, ...run })));
  }
  return { verb: 'ledger', findings, openRuns };
}
