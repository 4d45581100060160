import { fileURLToPath } from 'node:url';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { workflowBundle } from '../../worker/workflow-bundle.ts';

/** The bundle that a worker of this checkout runs; all tests share it. */
export function todaysWorkflows(): Promise<WorkflowBundleOption> {
  return workflowBundle(fileURLToPath(new URL('../../node_modules/.cache/sluice', import.meta.url)));
}
