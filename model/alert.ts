import { describeError, parseErrorText } from './errors.ts';
import type { SyncMode } from './plan.ts';
import type { ApprovalAsked, RunDone, RunFailed, RunReport, RunSubject } from './run-report.ts';
import { parseStreamName } from './stream-name.ts';
import { workflowNames } from './workflow-id.ts';

/** What a webhook may be told of. */
export const alertKinds = ['failure', 'rejects', 'approval', 'stale'] as const;

export type AlertKind = (typeof alertKinds)[number];

/** The body of a webhook call: names, counts and reasons, never a record's value. */
export interface Alert {
  readonly schema: 'sluice.alert/1';
  /** The same for a repeat of the same alert, also by another worker. */
  readonly id: string;
  /** `recovered` takes back what `recovers` names. */
  readonly kind: AlertKind | 'recovered';
  readonly recovers: 'failure' | 'stale' | null;
  readonly pipeline: string;
  readonly stream: string;
  /** Null where no single mode is meant. */
  readonly mode: SyncMode | null;
  /** The run id of the run's first execution; null where no single run is meant. */
  readonly run: string | null;
  readonly at: string;
  readonly message: string;
  readonly next: string | null;
  /** All of it in one line, for chat systems. */
  readonly text: string;
}

/** Whether a webhook that asked for these kinds is to be told. */
export function isWanted({ kind, recovers }: Alert, on: readonly AlertKind[]): boolean {
  return on.some((wanted) => wanted === (recovers ?? kind));
}

/** What a report is worth telling: nothing, mostly. `failedHere` is why this worker last saw the stream's mode fail. */
export function alertsOf(report: RunReport, { failedHere }: { failedHere: string | null }): Alert[] {
  switch (report.kind) {
    case 'done':
      return alertsOfDone(report, report.isScheduled ? report.failedBefore : failedHere);
    case 'failed':
      return isNews(report) ? [failureAlert(report)] : [];
    case 'approvalAsked':
      return [approvalAlert(report)];
    case 'cancelled':
    case 'approvalOver':
      return [];
    default:
      return report satisfies never;
  }
}

/** A schedule that fails for the same reason every two minutes is told of once. */
function isNews({ isScheduled, failure, failedBefore }: RunFailed): boolean {
  return !isScheduled || failure !== failedBefore;
}

function alertsOfDone(report: RunDone, failedBefore: string | null): Alert[] {
  const { stream, rejects, isLapsed } = report;
  const title = titleOf(report);
  const alerts: Alert[] = [];
  if (failedBefore !== null && report.undone === null) {
    alerts.push(alertOf(report, { kind: 'recovered', recovers: 'failure', message: `${title} ended well again` }));
  }
  if (rejects > 0) {
    const message = `${title} rejected or set to NULL ${rejects} records or values`;
    alerts.push(alertOf(report, { kind: 'rejects', message, next: `sluice errors ${stream}` }));
  }
  if (isLapsed) {
    const message = `${title} flagged nothing of what vanished, since nobody approved it in time`;
    alerts.push(alertOf(report, { kind: 'approval', message, next: `sluice verify ${stream}`, id: 'lapsed' }));
  }
  return alerts;
}

function failureAlert(report: RunFailed): Alert {
  const { message, next } = parseErrorText(report.message);
  const text = `${titleOf(report)} failed: ${report.failure}: ${message}`;
  return alertOf(report, { kind: 'failure', message: text, next: next ?? `sluice status ${report.stream}` });
}

function approvalAlert(report: ApprovalAsked): Alert {
  const { stream, reason, until, digest } = report;
  const message = `${titleOf(report)} waits for an approval until ${until}: ${reason}`;
  return alertOf(report, { kind: 'approval', message, next: `sluice approve ${stream}`, id: digest });
}

/** Of a stream whose runs do not come, or do not end well. */
export function staleAlert(facts: {
  readonly stream: string;
  /** ISO; when the stream was last known to be in order. */
  readonly since: string;
  readonly at: string;
  readonly message: string;
  readonly next: string;
}): Alert {
  const { stream, since, at, message, next } = facts;
  return build({ stream, mode: null, run: null, at }, { kind: 'stale', message, next, id: `stale/${stream}/${since}` });
}

export function freshAgainAlert({ stream, at }: { readonly stream: string; readonly at: string }): Alert {
  const content = { kind: 'recovered', recovers: 'stale', message: `${stream} is fresh again` } as const;
  return build({ stream, mode: null, run: null, at }, { ...content, id: `fresh/${stream}/${at}` });
}

interface AlertContent {
  readonly kind: Alert['kind'];
  readonly recovers?: Alert['recovers'];
  readonly message: string;
  readonly next?: string;
  readonly id?: string;
}

function alertOf(report: RunSubject, content: AlertContent): Alert {
  const { stream, mode, execution } = report;
  const id = [content.kind, mode, stream, execution, content.id].filter((part) => part !== undefined).join('/');
  return build(report, { ...content, id });
}

function build(
  { stream, mode, run, at }: { stream: string; mode: SyncMode | null; run: string | null; at: string },
  { kind, recovers = null, message, next, id }: AlertContent & { readonly id: string },
): Alert {
  const text = chatText(describeError({ message, next }));
  return {
    schema: 'sluice.alert/1',
    id,
    kind,
    recovers,
    pipeline: pipelineOf(stream),
    stream,
    mode,
    run,
    at,
    message,
    next: next ?? null,
    text,
  };
}

/** A run may have been started for what is no stream's name. */
function pipelineOf(stream: string): string {
  try {
    return parseStreamName(stream).pipeline;
  } catch {
    return '';
  }
}

function titleOf({ mode, stream }: RunSubject): string {
  return `${workflowNames[mode].id} of ${stream}`;
}

/** Slack and those that follow it read these three as markup, and a text may name what the source sent. */
function chatText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
