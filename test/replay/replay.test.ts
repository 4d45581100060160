import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { quietRuntime } from '../support/quiet-runtime.ts';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const bundleOf = (path: string): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath: fileOf(path), logger: new DefaultLogger('ERROR') });

const histories = globSync('histories/*/*.json', { cwd: fileOf('.') }).map((path) => ({
  name: path,
  workflowId: `backfill/crm.${basename(path, '.json').replaceAll('-', '_')}`,
  history: historyFromJSON(JSON.parse(readFileSync(fileOf(path), 'utf8'))),
}));

let workflowBundle: WorkflowBundle;

beforeAll(async () => {
  quietRuntime();
  workflowBundle = await bundleOf('../../workflows/index.ts');
});

describe('replay', () => {
  it('has histories to replay', () => {
    expect(histories.length).toBeGreaterThanOrEqual(8);
  });

  it.each(histories)(
    'today’s workflows still take $name: if not, open runs would be stuck after a deploy; use patched()',
    async ({ workflowId, history }) => {
      await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    },
  );

  it('notices a workflow that was changed without patched()', async () => {
    const broken = await bundleOf('broken-workflows.ts');
    const { workflowId, history } = histories.find(({ name }) => name.endsWith('complete.json'))!;
    await expect(Worker.runReplayHistory({ workflowBundle: broken }, history, workflowId)).rejects.toThrow(
      /nondeterminism|TMPRL1100/i,
    );
  });
});
