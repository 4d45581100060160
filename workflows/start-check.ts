import { workflowInfo, type ApplicationFailure } from '@temporalio/workflow';
import type { SyncMode } from '../model/plan.ts';
import { isSyncWorkflowId, syncWorkflowId, workflowNames } from '../model/workflow-id.ts';
import { invalidStart } from './invalid-start.ts';
import { reportFailed } from './run-reports.ts';

const options: Readonly<Record<SyncMode, readonly string[]>> = {
  backfill: ['limit', 'ids', 'createdAfter', 'createdBefore', 'replace', 'adopt', 'chunkRecords', 'resume'],
  incremental: ['forceFullSync'],
  softDelete: [],
  reconcile: ['mayStretch'],
  resync: ['ids'],
};

/** Those of them that are true or false: the text "false" must not pass for true. Steps check the others. */
const switches: readonly string[] = ['forceFullSync', 'mayStretch'];

/**
 * Checks what a person may get wrong who starts a run by hand. A key that is not known must not be passed over: what looked
 * like a limit would start the whole stream. And the id is what keeps two runs of a mode apart.
 */
export function requireStart(mode: SyncMode, input: { readonly stream: string } | undefined): void {
  const refusal = whatIsWrong(mode, input);
  if (refusal === null) return;
  if (typeof input?.stream === 'string') reportFailed({ mode, stream: input.stream }, refusal);
  throw refusal;
}

function whatIsWrong(mode: SyncMode, input: { readonly stream: string } | undefined): ApplicationFailure | null {
  const type = workflowNames[mode].type;
  if (typeof input?.stream !== 'string') {
    return invalidStart(`a ${type} needs its stream`, 'give the input {"stream": "<pipeline>.<stream>"}');
  }
  const known = ['stream', ...options[mode]];
  const unknown = Object.keys(input).find((key) => key !== 'continued' && !known.includes(key));
  if (unknown !== undefined) return invalidStart(`a ${type} takes no "${unknown}"`, `give of ${known.join(', ')}`);
  const given = Object.entries(input).find(([key, value]) => switches.includes(key) && typeof value !== 'boolean');
  if (given !== undefined) return invalidStart(`a ${type} cannot use its "${given[0]}"`, 'give true or false');
  if (isSyncWorkflowId(workflowInfo().workflowId, mode, input.stream)) return null;
  const expected = syncWorkflowId(mode, input.stream);
  return invalidStart(
    `a ${type} of ${input.stream} runs under the workflow id ${expected}`,
    'start it again under that id',
  );
}
