import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Worker, type InjectedSinks, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { patches } from '../../workflows/patches.ts';
import manifest from '../../package.json' with { type: 'json' };
import type { RunSinks } from '../../worker/monitoring.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { situations, streamOf } from './situations.ts';

type History = ReturnType<typeof historyFromJSON>;

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const bundleOf = (path: string): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath: fileOf(path), logger: new DefaultLogger('ERROR') });

/**
 * `<version>/<first part of the workflow's id>/<situation>[.<execution>].json`; in `before-<patch>` lie those that were recorded
 * last before a patch came.
 */
const histories = globSync('histories/*/*/*.json', { cwd: fileOf('.') }).map((path) => ({
  name: path.slice('histories/'.length),
  workflowId: `${basename(dirname(path))}/${streamOf(basename(path).split('.')[0]!)}`,
  history: historyFromJSON(JSON.parse(readFileSync(fileOf(path), 'utf8'))),
}));

/** Ids of the patches that a run has met. */
function patchesOf(history: History): string[] {
  return (history.events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.markerName === 'core_patch' ? marker.details?.['patch-data']?.payloads?.[0]?.data : null;
    return data == null ? [] : [(JSON.parse(Buffer.from(data).toString('utf8')) as { id: string }).id];
  });
}

let workflowBundle: WorkflowBundle;

/** Replay reports nothing; without a sink it would log that there is none. */
const sinks: InjectedSinks<RunSinks> = { runs: { report: { fn: () => undefined, callDuringReplay: false } } };

beforeAll(async () => {
  quietRuntime();
  workflowBundle = await bundleOf('../../workflows/index.ts');
});

describe('replay', () => {
  it('has a history of every situation of every workflow', async () => {
    const names = new Set(histories.map(({ name }) => name));
    const wanted = Object.entries(situations).flatMap(([id, { situations: ofWorkflow }]) =>
      Object.keys(ofWorkflow).map((situation) => `${manifest.version}/${id}/${situation}.json`),
    );
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
    const workflows = Object.keys(await import('../../workflows/index.ts'));
    expect(new Set(Object.values(situations).map(({ type }) => type))).toEqual(new Set(workflows));
  });

  it.each(histories)(
    'today’s workflows still take $name: if not, open runs would be stuck after a deploy; use patched()',
    async ({ workflowId, history }) => {
      await Worker.runReplayHistory({ workflowBundle, sinks }, history, workflowId);
    },
  );

  it.each(Object.values(patches))('keeps runs from before %s on their way, and lets new ones record it', (patch) => {
    const recorded = (folder: string): boolean =>
      histories.some(({ name, history }) => name.startsWith(`${folder}/`) && patchesOf(history).includes(patch));
    expect(histories.some(({ name }) => name.startsWith(`before-${patch}/`))).toBe(true);
    expect(recorded(`before-${patch}`)).toBe(false);
    expect(recorded(manifest.version)).toBe(true);
  });

  it.each(['complete', 'running'])('notices a workflow that was changed without patched(): %s', async (situation) => {
    const broken = await bundleOf('broken-workflows.ts');
    const { workflowId, history } = histories.find(
      ({ name }) => name === `${manifest.version}/backfill/${situation}.json`,
    )!;
    await expect(Worker.runReplayHistory({ workflowBundle: broken, sinks }, history, workflowId)).rejects.toThrow(
      /nondeterminism|TMPRL1100/i,
    );
  });
});
