import type { Command } from 'commander';
import type { InspectResults } from '../../model/inspection.ts';
import { askWorker } from '../ask-worker.ts';
import { exitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { countText } from '../count-text.ts';
import { openConfig } from '../session.ts';
import { defineVerb } from '../verb.ts';

export const discoverCommand = (): Command =>
  defineVerb({
    usage: 'discover <pipeline> [object]',
    summary: "list what a source offers: objects, or one's properties",
    description: 'List what a source offers: its objects with their counts, or the properties of one.',
    examples: ['sluice discover crm', 'sluice discover crm contacts', 'sluice discover crm contacts --json'],
    seeAlso: ['check', 'backfill'],
    exits: [0, 1, 2, 4, 5],
    run: async ({ words, options, output }) => {
      const [name = '', object] = words;
      const session = await openConfig(options);
      const [pipeline = ''] = session.resolvePipelines([name]);
      const found = await askWorker(session, {
        verb: 'discover',
        pipeline,
        ...(object === undefined ? {} : { object }),
      });
      await (found.kind === 'objects' ? showObjects(found, output) : showObject(found, output));
      output.document('discover', { pipeline, ...found });
      return exitCode.done;
    },
  });

type Found<Kind> = Extract<InspectResults['discover'], { kind: Kind }>;

async function showObjects({ objects }: Found<'objects'>, output: Output): Promise<void> {
  const { printTable } = await import('../table.ts');
  const columns = [{ title: 'object' }, { title: 'records', align: 'right' }, { title: 'note' }] as const;
  const rows = objects.map(({ object, recordCount, reason }) => [
    object,
    recordCount === null ? '—' : countText(recordCount),
    reason ?? '',
  ]);
  output.text(printTable(columns, rows, output));
}

async function showObject({ description, summary }: Found<'object'>, output: Output): Promise<void> {
  const { printTable } = await import('../table.ts');
  const columns = [{ title: 'property' }, { title: 'type' }, { title: 'source type' }, { title: 'label' }] as const;
  const rows = description.properties.map(({ name, type, sourceType, label, isCalculated }) => [
    name,
    type,
    isCalculated ? `${sourceType}, calculated` : sourceType,
    label,
  ]);
  output.text(printTable(columns, rows, output));
  const count =
    summary.recordCount === null ? `not counted: ${summary.reason}` : `${countText(summary.recordCount)} records`;
  output.talk(
    `${description.object}: ${count}, ${countText(rows.length)} properties, version ${description.versionProperty ?? 'none'}`,
  );
}
