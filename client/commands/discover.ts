import type { Command } from 'commander';
import type { FillSample, InspectResults } from '../../model/inspection.ts';
import { askWorker } from '../ask-worker.ts';
import { CliError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { countText } from '../count-text.ts';
import { openConfig } from '../session.ts';
import { defineVerb } from '../verb.ts';
import { wholeNumber } from '../whole-number.ts';

export const discoverCommand = (): Command =>
  defineVerb<{ fill?: true; sample?: string }>({
    usage: 'discover <pipeline> [object]',
    summary: "list what a source offers: objects, or one's properties",
    description: 'List what a source offers: its objects with their counts, or the properties of one.',
    examples: ['sluice discover crm', 'sluice discover crm contacts', 'sluice discover crm contacts --fill'],
    seeAlso: ['check', 'backfill'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) =>
      command
        .option('--fill', 'how often each property has a value, in the records created last')
        .option('--sample <n>', 'with --fill: so many records, at most 10000 (default: 1000)'),
    run: async ({ words, options, output }) => {
      const [name = '', object] = words;
      const fill = fillOf(options, object);
      const session = await openConfig(options);
      const [pipeline = ''] = session.resolvePipelines([name]);
      const found = await askWorker(session, {
        verb: 'discover',
        pipeline,
        ...(object === undefined ? {} : { object }),
        ...(fill === null ? {} : { fill }),
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

async function showObject({ description, summary, fill }: Found<'object'>, output: Output): Promise<void> {
  const { printTable } = await import('../table.ts');
  const columns = [
    { title: 'property' },
    { title: 'type' },
    { title: 'source type' },
    ...(fill === null ? [] : [{ title: 'filled', align: 'right' } as const]),
    { title: 'label' },
  ];
  const rows = description.properties.map(({ name, type, sourceType, label, isCalculated }) => [
    name,
    type,
    isCalculated ? `${sourceType}, calculated` : sourceType,
    ...(fill === null ? [] : [percentText(fill.filled[name] ?? 0, fill.records)]),
    label,
  ]);
  output.text(printTable(columns, rows, output));
  const count =
    summary.recordCount === null ? `not counted: ${summary.reason}` : `${countText(summary.recordCount)} records`;
  output.talk(
    `${description.object}: ${count}, ${countText(rows.length)} properties, version ${description.versionProperty ?? 'none'}`,
  );
  if (fill === null) return;
  output.talk(
    `filled: in ${sampleText[fill.taken](countText(fill.records))}, by ${countText(fill.requests.requests)} requests`,
  );
}

const sampleText: Readonly<Record<FillSample['taken'], (count: string) => string>> = {
  createdLast: (count) => `the ${count} records created last`,
  listedFirst: (count) => `the ${count} records that the source lists first`,
  all: (count) => `all ${count} records`,
};

/** `0 %` and `100 %` only where that is exactly so. */
function percentText(filled: number, records: number): string {
  if (records === 0) return '—';
  const percent = (filled / records) * 100;
  if (percent > 0 && percent < 1) return '< 1 %';
  if (percent < 100 && percent > 99) return '> 99 %';
  return `${Math.round(percent)} %`;
}

function fillOf({ fill, sample }: { fill?: true; sample?: string }, object: string | undefined): number | null {
  if (sample !== undefined && !fill) {
    throw new CliError(exitCode.usage, '--sample needs --fill', { next: 'sluice discover --help' });
  }
  if (!fill) return null;
  if (object === undefined) {
    throw new CliError(exitCode.usage, '--fill takes one object', { next: 'name it behind the pipeline' });
  }
  const size = wholeNumber(sample ?? '1000', '--sample');
  if (size <= 10_000) return size;
  throw new CliError(exitCode.usage, `--sample ${size} is more than 10000`, { next: 'a sample need not be larger' });
}
