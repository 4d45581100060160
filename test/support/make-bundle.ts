import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workflowBundle } from '../../worker/workflow-bundle.ts';

/** Before all tests, so that the workers of the first ones do not each make it. */
export async function setup(): Promise<void> {
  await workflowBundle(join(tmpdir(), 'sluice-test-bundle'));
}
