import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ChunkSink } from '../../activities/chunk-sink.ts';
import { withoutLongValues } from '../../activities/long-values.ts';
import { StageWriter } from '../../activities/stage-writer.ts';
import { column, contactsPlan, instant } from '../support/staged-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const plan = { key: contactsPlan.key, columns: [column('email', 'text'), column('visits', 'integer')] };
const row = (id: string | null, email: string | null, visits: string | null = '3') => [
  id,
  email,
  visits,
  instant(1),
  instant(2),
];

it('leaves rows as they are where every value fits, or there is no bound', () => {
  const rows = [row('1', 'x'.repeat(30)), row('2', ''), row('3', null)];
  expect(withoutLongValues(plan, 30)(rows)).toEqual({ rows, unstaged: [] });
  expect(withoutLongValues(plan, null)(rows).rows).toBe(rows);
});

it('counts bytes of UTF-8, and puts NULL where there are too many', () => {
  const { rows, unstaged } = withoutLongValues(
    plan,
    30,
  )([row('1', 'é'.repeat(15)), row('2', 'é'.repeat(16)), row('3', '😀😀😀😀😀😀😀xyz')]);
  expect(rows).toEqual([row('1', 'é'.repeat(15)), row('2', null), row('3', null)]);
  expect(unstaged).toEqual([
    ['2', 'email', 'text', 'longer than 30 bytes', instant(2)],
    ['3', 'email', 'text', 'longer than 30 bytes', instant(2)],
  ]);
});

it('tells of each value of a record, and of a key without the key', () => {
  const long = 'x'.repeat(31);
  const { rows, unstaged } = withoutLongValues(plan, 30)([row('1', long, long), row(long, 'a')]);
  expect(rows).toEqual([row('1', null, null), row(null, 'a')]);
  expect(unstaged.map(([id, name, type]) => [id, name, type])).toEqual([
    ['1', 'email', 'text'],
    ['1', 'visits', 'integer'],
    [null, 'id', 'integer'],
  ]);
});

it('are staged beside their records, also by an attempt that goes on from a closed part', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, '000001-a');
  const open = async (closed: Parameters<typeof StageWriter.open>[1]) => {
    const stage = await StageWriter.open(directory, closed);
    const sink = new ChunkSink(
      { hashKey: () => '' },
      {
        mode: 'backfill',
        plan: { ...contactsPlan, columns: plan.columns },
        part: { kind: 'ids', ids: [] },
        stage,
        versions: new Map(),
        isKnown: () => false,
        maxTextBytes: 30,
      },
    );
    return { stage, sink };
  };
  const first = await open(null);
  await first.sink.records([row('1', 'x'.repeat(31)), row('2', 'fits')]);
  await first.stage.seal();
  const second = await open(first.stage.sealed('content', []));
  await second.sink.records([row('3', 'y'.repeat(31))]);
  const { records, unstaged } = await second.stage.close('content', []);
  const text = (files: readonly { path: string }[]) => files.map(({ path }) => readFileSync(path, 'utf8')).join('');
  expect([records.rowCount, unstaged?.rowCount]).toEqual([3, 2]);
  expect(text(records.files)).not.toMatch(/x{2}|y{2}/);
  const told = ['1', '3'].map((id) => `${id},email,text,longer than 30 bytes,${instant(2)}\n`);
  expect(text(unstaged!.files)).toBe(told.join(''));
});
