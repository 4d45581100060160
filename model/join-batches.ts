import { addRequests, type AssociationStage, type Batch, type LedgerHead, type StagePart } from './batch.ts';

/** As many chunks as a run may stage ahead of a merge. */
export const mostBatchesPerMerge = 16;

/**
 * How many of the staged batches, from the first, can be merged as one: at most `most`, and only such as were staged in the
 * same form, since a merge reads them all by one plan.
 */
export function countJoinable(staged: readonly Batch[], most: number): number {
  const [first] = staged;
  if (first === undefined) return 0;
  const form = formOf(first);
  const end = staged.slice(0, most).findIndex((batch) => formOf(batch) !== form);
  return end === -1 ? Math.min(staged.length, most) : end;
}

/**
 * Batches that follow one another as one batch, which stands in the ledger after `head`. It is named by the last of them: of the
 * merges that may hold that one, only one can follow the same head.
 */
export function joinBatches(
  batches: readonly [Batch, ...Batch[]],
  head: Pick<LedgerHead, 'sequence' | 'batchId'>,
): Batch {
  const last = batches.at(-1)!;
  const standsAlone = batches.length === 1 && last.joined === undefined;
  const stages = batches.map(({ stage }) => stage);
  const unstaged = stages.flatMap((stage) => stage.unstaged ?? []);
  return {
    ...last,
    sequence: head.sequence + 1,
    predecessor: head.batchId,
    stage: {
      ...last.stage,
      records: joinParts(stages.map(({ records }) => records)),
      tombstones: joinParts(stages.map(({ tombstones }) => tombstones)),
      ...(unstaged.length === 0 ? {} : { unstaged: joinParts(unstaged) }),
      associations: joinAssociations(stages.flatMap(({ associations }) => associations)),
    },
    roundedValues: batches.reduce((sum, { roundedValues }) => sum + roundedValues, 0),
    requests: batches.map(({ requests }) => requests).reduce(addRequests),
    ...(standsAlone ? {} : { joined: batches.flatMap(({ batchId, joined = [batchId] }) => joined) }),
  };
}

function formOf({ stage }: Batch): string {
  return JSON.stringify([stage.kind, stage.absentColumns.toSorted()]);
}

function joinParts(parts: readonly StagePart[]): StagePart {
  return {
    files: parts.flatMap(({ files }) => files),
    rowCount: parts.reduce((sum, { rowCount }) => sum + rowCount, 0),
  };
}

function joinAssociations(stages: readonly AssociationStage[]): AssociationStage[] {
  const byTable = Map.groupBy(stages, ({ table }) => JSON.stringify([table.schema, table.table]));
  return [...byTable.values()].map((of) => ({
    table: of[0]!.table,
    heads: joinParts(of.map(({ heads }) => heads)),
    links: joinParts(of.map(({ links }) => links)),
  }));
}
