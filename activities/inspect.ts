import { maxInlineIds } from '../model/backfill-request.ts';
import type { InspectInput, InspectResult, InspectResults } from '../model/inspection.ts';
import { SyncError } from '../model/errors.ts';
import { checkConnectors } from './check-connectors.ts';
import type { ActivityDeps } from './deps.ts';
import { examine } from './examine.ts';
import { exportErrors, filterOf } from './export-errors.ts';
import { lookIntoLedger } from './look-into-ledger.ts';
import { readCosts } from './read-costs.ts';
import { sampleFill } from './sample-fill.ts';
import { surveyAdoption } from './survey-adoption.ts';
import { verify } from './verify.ts';

const defaultLimit = 100;
/** Keeps the answer far below what Temporal accepts as one payload. */
const maxLimit = 1_000;

/** Looks, and changes nothing. Answers hold names, counts and ids, never a record's values. */
export async function inspect(deps: ActivityDeps, input: InspectInput, signal: AbortSignal): Promise<InspectResult> {
  switch (input.verb) {
    case 'check':
      return { verb: 'check', findings: await checkConnectors(deps, input.pipelines ?? deps.pipelines(), signal) };
    case 'examine':
      return examine(deps, input, signal);
    case 'discover':
      return discover(deps, input, signal);
    case 'errors': {
      const { destination, target } = await openTarget(deps, input.stream);
      const asked = { ...target, ...filterOf(input), limit: limitOf(input.limit) };
      return { verb: 'errors', stream: input.stream, ...(await destination.listRejects(asked, signal)) };
    }
    case 'errorGroups':
      return groupErrors(deps, input, signal);
    case 'errorIds': {
      const { destination, target } = await openTarget(deps, input.stream);
      const asked = { ...target, ...filterOf(input), after: input.after ?? null, limit: maxInlineIds };
      return { verb: 'errorIds', stream: input.stream, ...(await destination.listRejectedIds(asked, signal)) };
    }
    case 'exportErrors':
      return exportErrors(deps, input, signal);
    case 'history': {
      const { destination, target } = await openTarget(deps, input.stream);
      const runs = await destination.listRuns({ ...target, limit: limitOf(input.limit) }, signal);
      return { verb: 'history', stream: input.stream, runs };
    }
    case 'rows': {
      const counts: Record<string, { live: number; deleted: number } | null> = {};
      for (const stream of input.streams) {
        const { destination, target } = await openTarget(deps, stream);
        if (destination.isMetered && input.exact !== true) continue;
        counts[stream] = await destination.countRows(target, signal);
      }
      return { verb: 'rows', counts };
    }
    case 'cost':
      return readCosts(deps, input, signal);
    case 'ledger':
      return lookIntoLedger(deps, input.streams, signal);
    case 'adoption':
      return surveyAdoption(deps, input, signal);
    case 'verify':
      return verify(deps, input, signal);
    default:
      throw new SyncError('ConfigInvalid', 'inspect: unknown verb', {
        next: 'use one of adoption, check, cost, discover, errorGroups, errorIds, errors, examine, exportErrors, history, ledger, rows, verify',
      });
  }
}

async function discover(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'discover' }>,
  signal: AbortSignal,
): Promise<InspectResults['discover']> {
  const streams = deps.pipelineStreams(input.pipeline);
  const [first] = streams;
  if (first === undefined) {
    throw new SyncError('ConfigInvalid', `pipeline ${input.pipeline} has no streams`, {
      next: 'add one to the config',
    });
  }
  const source = await deps.source(first.source);
  if (input.object === undefined) {
    return { verb: 'discover', kind: 'objects', objects: await source.listObjects(signal) };
  }
  const asked = streams.find(({ stream }) => stream === `${input.pipeline}.${input.object}`)?.object ?? input.object;
  const description = await source.describeObject(asked, signal);
  const summary = await source.summarizeObject(description.object, signal);
  const fill =
    input.fill === undefined
      ? null
      : await sampleFill(source, { settings: first, description, size: input.fill }, signal);
  return { verb: 'discover', kind: 'object', description, summary, fill };
}

/** All groups of several streams, the largest first: as many as one answer may hold. */
async function groupErrors(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'errorGroups' }>,
  signal: AbortSignal,
): Promise<InspectResults['errorGroups']> {
  const filter = filterOf(input);
  const groups: InspectResults['errorGroups']['groups'][number][] = [];
  for (const stream of input.streams) {
    const { destination, target } = await openTarget(deps, stream);
    const found = await destination.groupRejects({ ...target, ...filter }, signal);
    if (Object.keys(filter).length === 0) deps.noteQuarantine(stream, rejectsOf(found));
    groups.push(...found.map((group) => ({ stream, ...group })));
  }
  const total = rejectsOf(groups);
  const shown = groups.toSorted((a, b) => b.rejects - a.rejects).slice(0, maxLimit);
  return { verb: 'errorGroups', total, groups: shown, omittedGroups: groups.length - shown.length };
}

function rejectsOf(groups: readonly { readonly rejects: number }[]): number {
  return groups.reduce((sum, { rejects }) => sum + rejects, 0);
}

async function openTarget(deps: ActivityDeps, stream: string) {
  const settings = deps.streamSettings(stream);
  return {
    destination: await deps.destination(settings.destination),
    target: { stream: settings.stream, table: settings.table },
  };
}

function limitOf(limit: number | undefined): number {
  return Math.max(1, Math.min(maxLimit, Math.floor(limit ?? defaultLimit)));
}
