import { parseErrorText } from '../model/errors.ts';
import type { PendingApproval, VanishedProgress } from '../workflows/messages.ts';
import { countText } from './count-text.ts';
import type { RunKey } from './describe-run.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { runNoun, runVerb } from './mode-words.ts';
import { writeError, type Output } from './output.ts';
import type { RunEnd, RunFacts, RunResult } from './run-facts.ts';
import { foundNone, isLeftToAnother, needsBackfill, vanishedOf } from './run-outcome.ts';
import { doneSummary, rejectsText, runUrl } from './run-summary.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export interface WaitOutcome extends RunKey {
  /** Null where the waiting ended before the run began. */
  readonly run: string | null;
  readonly exitCode: ExitCode;
  /** Null where the waiting ended before the run did; its end is null where it needs an approval. */
  readonly facts: RunFacts | null;
}

/** What became of one run that was waited for: the report on stdout, what went wrong and what to do on stderr. */
export function showRunReport(temporal: TemporalConnection, outcome: WaitOutcome, output: Output): void {
  const { stream, facts } = outcome;
  if (facts === null) {
    const why = outcome.exitCode === exitCode.interrupted ? 'stopped waiting' : 'still running at --timeout';
    output.talk(
      `${stream}: ${why}; the run goes on. Watch it: sluice status ${stream} --watch. Stop it: sluice cancel ${stream}`,
    );
    return;
  }
  if (facts.end !== null) showEnd(facts, facts.end, { outcome, output });
  else if (facts.progress?.approval) showApproval(outcome, facts.progress.approval, output);
  if (temporal.found.uiUrl !== null)
    output.talk(`Temporal UI: ${runUrl(temporal.found.uiUrl, temporal.namespace, facts)}`);
}

function showEnd(
  facts: RunFacts,
  end: RunEnd,
  { outcome, output }: { readonly outcome: WaitOutcome; readonly output: Output },
): void {
  const fail = (message: string, next: string | null): void =>
    writeError({ message, next, exitCode: outcome.exitCode }, output);
  switch (end.kind) {
    case 'done': {
      const refusal = refusalOf(end.result);
      if (refusal !== null) {
        fail(refusal.message, refusal.next);
        return;
      }
      output.text(doneSummary(facts, end.result));
      const rejected = rejectsText(end.result);
      if (rejected !== null) output.warn(rejected);
      const vanished = vanishedOf(end.result);
      if (vanished?.approval === 'lapsed') output.warn(lapsedText(outcome, vanished));
      return;
    }
    case 'failed': {
      const { message, next } = failureText(outcome, end.message);
      fail(message, next);
      return;
    }
    case 'cancelled':
      fail(`${runNoun[outcome.mode]} of ${outcome.stream} was cancelled`, nextAfterCancel(outcome));
      return;
    default:
      end satisfies never;
  }
}

/** A run that ended well and still did not do what it was asked for. */
function refusalOf(result: RunResult): { readonly message: string; readonly next: string } | null {
  const { stream } = result;
  if (needsBackfill(result)) {
    const { message, next } = parseErrorText(result.mode === 'incremental' ? result.text : result.startReason);
    return {
      message: message.startsWith(stream) ? message : `${stream}: ${message}`,
      next: next ?? `sluice backfill ${stream}`,
    };
  }
  if (result.mode === 'incremental' && isLeftToAnother(result)) {
    return { message: `${stream}: ${result.text}`, next: `sluice status ${stream} --watch, then start it again` };
  }
  if (foundNone(result)) {
    const ids = countText(result.missingIds);
    const message = `${stream}: none of the ${ids} ids is a record at the source, and no row of theirs was left to flag`;
    return { message, next: 'look at the ids' };
  }
  return null;
}

function lapsedText({ stream }: RunKey, { differences }: VanishedProgress): string {
  const rows = `${countText(differences.vanished)} vanished rows are not flagged`;
  return `${stream}: ${rows}, since nobody approved it in time; next: sluice verify ${stream}`;
}

function showApproval({ stream }: RunKey, approval: PendingApproval, output: Output): void {
  const { digest, vanished, liveRows, reason, until } = approval;
  output.text(
    `${stream}: needs approval: ${reason}\n` +
      `  vanished   ${countText(vanished)} of ${countText(liveRows)} live rows; nothing is flagged before ${until}, and nothing at all without an approval\n` +
      `  digest     ${digest}\n`,
  );
  output.warn(`${stream}: the run waits; next: sluice approve ${stream} --digest ${digest}`);
}

function nextAfterCancel({ mode, stream }: RunKey): string | null {
  if (mode === 'resync') return null;
  return mode === 'backfill' ? `sluice backfill ${stream} --resume` : `sluice ${runVerb[mode]} ${stream}`;
}

/** Steps begin their texts with the stream; it need not be said twice. */
function failureText({ mode, stream }: RunKey, text: string): { message: string; next: string | null } {
  const { message, next } = parseErrorText(text);
  const noun = runNoun[mode];
  const what = message.startsWith(`${stream}:`) ? `${noun} failed` : `${noun} of ${stream} failed`;
  return { message: `${what}: ${message}`, next };
}
