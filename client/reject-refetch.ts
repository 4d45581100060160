import { maxInlineIds } from '../model/backfill-request.ts';
import type { RejectedIds, RejectFilter } from '../model/reject.ts';
import { beginRun } from './begin-run.ts';
import { CliError } from './cli-error.ts';
import { countText } from './count-text.ts';
import { parseDurationMs } from './duration.ts';
import { exitCode, gravestExitCode, type ExitCode } from './exit-code.ts';
import { inspect } from './inspection.ts';
import type { Output } from './output.ts';
import type { WaitFlags } from './run-streams.ts';
import { withTemporal, type ConfigSession } from './session.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { VerbCall } from './verb.ts';
import { waitForRuns } from './wait-for-runs.ts';

interface RefetchRequest {
  readonly session: ConfigSession;
  readonly stream: string;
  readonly filter: RejectFilter;
  readonly call: VerbCall<WaitFlags>;
}

/**
 * Reads the records again whose rejects the filter finds, as resyncs of at most 1,000 ids. More than that are several runs, one
 * after another, which only somebody who waits can start: refused without `--wait`.
 */
export async function refetchRejects(request: RefetchRequest): Promise<ExitCode> {
  const { session, stream, call } = request;
  const { options, output } = call;
  return withTemporal(session, async (temporal) => {
    let page = await nextIds(temporal, request, null);
    if (page.ids.length === 0) {
      output.text(`no rejects of ${stream} that could be read again\n`);
      output.document('errors', { stream, total: 0, runs: [] });
      return exitCode.done;
    }
    const runCount = Math.ceil(page.total / maxInlineIds);
    if (!options.wait) {
      if (runCount > 1) throw tooMany(page.total, runCount);
      const { run } = await begin(temporal, request, page);
      output.text(`started resync of ${stream}, ${countText(page.ids.length)} records\n`);
      output.talk(`watch it: sluice status ${stream} --watch`);
      output.document('errors', { stream, total: page.total, runs: [{ mode: 'resync', stream, run }] });
      return exitCode.done;
    }
    const timeoutMs = options.timeout === undefined ? null : parseDurationMs(options.timeout, '--timeout');
    const deadline = timeoutMs === null ? null : Date.now() + timeoutMs;
    const { collecting, results } = collectResults(output);
    const codes: ExitCode[] = [];
    while (page.ids.length > 0) {
      const begun = await begin(temporal, request, page);
      const leftMs = deadline === null ? null : Math.max(1, deadline - Date.now());
      codes.push(await waitForRuns(temporal, [begun], { verb: 'errors', timeoutMs: leftMs, output: collecting }));
      // A run that did not end well is one to look at, before the next thousand.
      if (!mayGoOn(codes.at(-1)!)) break;
      page = await nextIds(temporal, request, page.ids.at(-1)!);
    }
    const code = gravestExitCode(codes);
    output.document('errors', { type: 'result', exitCode: code, stream, runs: results.flat() });
    return code;
  });
}

async function nextIds(
  temporal: TemporalConnection,
  { session, stream, filter }: RefetchRequest,
  after: string | null,
): Promise<RejectedIds> {
  return inspect(temporal, session.taskQueue, { verb: 'errorIds', stream, after, ...filter });
}

function begin(temporal: TemporalConnection, { session, stream, call }: RefetchRequest, { ids }: RejectedIds) {
  const input = { stream, ids };
  const summary = `resync of ${stream}, ${ids.length} ids with rejects`;
  return beginRun(
    temporal,
    { mode: 'resync', input, summary },
    { taskQueue: session.taskQueue, warn: (line) => call.output.warn(line) },
  );
}

function mayGoOn(code: ExitCode): boolean {
  return code === exitCode.done || code === exitCode.rejects;
}

/** Several runs, and still one result at the end. */
function collectResults(output: Output): { collecting: Output; results: unknown[] } {
  const results: unknown[] = [];
  const collecting: Output = {
    ...output,
    document: (schema, body) => {
      if ('type' in body && body.type === 'result') results.push('streams' in body ? body.streams : body);
      else output.document(schema, body);
    },
  };
  return { collecting, results };
}

function tooMany(total: number, runCount: number): CliError {
  return new CliError(
    exitCode.usage,
    `${countText(total)} records are ${runCount} runs of at most ${countText(maxInlineIds)}, one after another; nothing was started`,
    { next: 'add --wait, or narrow it by --column, --reason or --since' },
  );
}
