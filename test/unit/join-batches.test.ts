import { describe, expect, it } from 'vitest';
import { type Batch, emptyPart, type Stage, type StagePart, zeroRequests } from '../../model/batch.ts';
import { countJoinable, joinBatches } from '../../model/join-batches.ts';

const part = (name: string, rowCount: number): StagePart => ({
  rowCount,
  files: [{ path: name, rowCount, sizeBytes: 10, sha256: name }],
});
const table = { schema: 'hubspot', table: 'contacts_companies' };

function batch(sequence: number, stage: Partial<Stage> = {}): Batch {
  return {
    batchId: `batch-${sequence}`,
    sequence,
    predecessor: sequence === 1 ? null : `batch-${sequence - 1}`,
    stage: {
      directory: `stage-${sequence}`,
      kind: 'content',
      records: part(`records-${sequence}`, 10),
      tombstones: emptyPart,
      associations: [],
      absentColumns: [],
      ...stage,
    },
    frontierAfter: { kind: 'idRanges', ranges: [], next: String(sequence) } as unknown as Batch['frontierAfter'],
    roundedValues: 1,
    requests: { ...zeroRequests, requests: sequence },
  };
}

describe('batches that are merged as one', () => {
  it('stand after the head, and end where the last of them ends', () => {
    const joined = joinBatches([batch(5), batch(6)], { sequence: 2, batchId: 'head' });
    expect(joined).toMatchObject({ batchId: 'batch-6', sequence: 3, predecessor: 'head', roundedValues: 2 });
    expect(joined.requests.requests).toBe(11);
    expect(joined.frontierAfter).toEqual(batch(6).frontierAfter);
    expect(joined.joined).toEqual(['batch-5', 'batch-6']);
  });

  it('bring every file of every part', () => {
    const one = batch(1, { associations: [{ table, heads: part('heads-1', 3), links: emptyPart }] });
    const two = batch(2, {
      unstaged: part('unstaged-2', 1),
      tombstones: part('gone-2', 4),
      associations: [{ table, heads: part('heads-2', 2), links: part('links-2', 7) }],
    });
    const three = batch(3, { records: emptyPart, unstaged: part('unstaged-3', 2) });
    const { stage } = joinBatches([one, two, three, batch(4, { records: emptyPart })], { sequence: 0, batchId: null });
    expect(stage.records.rowCount).toBe(20);
    expect(stage.records.files.map(({ path }) => path)).toEqual(['records-1', 'records-2']);
    expect(stage.tombstones).toEqual(part('gone-2', 4));
    expect(stage.unstaged).toEqual({
      rowCount: 3,
      files: [...part('unstaged-2', 1).files, ...part('unstaged-3', 2).files],
    });
    expect(stage.associations).toEqual([
      {
        table,
        heads: { rowCount: 5, files: [...part('heads-1', 3).files, ...part('heads-2', 2).files] },
        links: part('links-2', 7),
      },
    ]);
  });

  it('are named by all they are made of, however often they were joined', () => {
    const head = { sequence: 0, batchId: null };
    const joined = joinBatches([joinBatches([batch(1), batch(2)], head), batch(3)], head);
    expect(joined.joined).toEqual(['batch-1', 'batch-2', 'batch-3']);
  });

  it('are the batch itself where there is one', () => {
    expect(joinBatches([batch(1)], { sequence: 0, batchId: null })).toEqual(batch(1));
  });

  it.each<[string, Batch[], number, number]>([
    ['none of none', [], 4, 0],
    ['as many as are asked for', [batch(1), batch(2), batch(3)], 2, 2],
    ['as many as there are', [batch(1), batch(2)], 4, 2],
    ['up to one of another kind', [batch(1), batch(2), batch(3, { kind: 'listing' })], 4, 2],
    ['up to one that lacks a column', [batch(1), batch(2, { absentColumns: ['city'] })], 4, 1],
  ])('are %s', (_, staged, most, expected) => expect(countJoinable(staged, most)).toBe(expected));
});
