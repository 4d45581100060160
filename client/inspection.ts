import type { InspectInput, InspectResults, InspectVerb } from '../model/inspection.ts';
import { inspectWorkflowId } from '../model/workflow-id.ts';
import { inspectType } from '../workflows/messages.ts';
import { askWorkflow, type Question } from './ask-workflow.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** A look that takes longer than this has met something that will not answer. */
const answerWithinMs = 120_000;

export interface InspectOptions {
  /** Two minutes unless said. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onStarted?: Question['onStarted'];
}

/** Asks the worker that holds the connections; throws as `askWorkflow` does. */
export async function inspect<Verb extends InspectVerb>(
  temporal: TemporalConnection,
  taskQueue: string,
  input: Extract<InspectInput, { verb: Verb }>,
  options: InspectOptions = {},
): Promise<InspectResults[Verb]> {
  return askWorkflow<InspectResults[Verb]>(temporal, {
    type: inspectType,
    workflowId: inspectWorkflowId(input.verb, new Date().toISOString()),
    taskQueue,
    input,
    summary: inspectSummary(input),
    timeoutMs: options.timeoutMs ?? answerWithinMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onStarted === undefined ? {} : { onStarted: options.onStarted }),
  });
}

function inspectSummary(input: InspectInput): string {
  switch (input.verb) {
    case 'check':
      return `check ${input.pipelines?.join(' ') ?? 'all pipelines'}`;
    case 'discover':
      return `discover ${input.pipeline} ${input.object ?? ''}`.trimEnd();
    case 'examine':
      return `examine ${input.of.length} streams`;
    case 'ledger':
      return `ledger of ${input.streams.length} streams`;
    case 'cost':
    case 'rows':
    case 'errorGroups':
      return `${input.verb} of ${input.streams.length} streams`;
    default:
      return `${input.verb} of ${input.stream}`;
  }
}
