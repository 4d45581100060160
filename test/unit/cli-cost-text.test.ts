import { describe, expect, it } from 'vitest';
import { costColumns, costNotes, costRows } from '../../client/cost-text.ts';
import { alignedTable } from '../../client/table.ts';
import type { CostReport, ModeCost } from '../../model/cost.ts';

const cost: ModeCost = {
  stream: 'crm.contacts',
  mode: 'backfill',
  runs: 1,
  batches: 8,
  statements: 81,
  stagedBytes: 52_800_000,
  elapsedMs: 32_940,
  billed: { statements: 74, executionMs: 30_120, credits: 0.0083661 },
};
const modes: readonly ModeCost[] = [
  cost,
  { ...cost, mode: 'incremental', runs: 1_200, statements: 13_200, billed: { ...cost.billed!, credits: 12.3456 } },
  { ...cost, stream: 'erp.orders', mode: 'softDelete', billed: { statements: 0, executionMs: 0, credits: 0 } },
];
const report: CostReport = {
  modes,
  warehouses: [{ warehouse: 'LOADING', credits: 20, statementCredits: 12.5 }],
  findings: [],
  lagMs: 8 * 3_600_000,
};
const since = '2026-11-20T16:05:30.000Z';
const of = (change: Partial<CostReport>) => ({
  destination: 'warehouse',
  streams: ['crm.contacts'],
  report: { ...report, ...change },
});

describe('what runs have cost', () => {
  it('is a line for each pipeline and for each mode below it', () => {
    expect(alignedTable(costColumns, costRows(modes))).toBe(
      [
        'COST                         RUNS  BATCHES  STATEMENTS    STAGED  WAITED  EXECUTED  CREDITS',
        'crm                         1,201       16      13,281  100.7 MB  65.9 s    60.2 s     12.4',
        '  crm.contacts backfill         1        8          81   50.4 MB  32.9 s    30.1 s  0.00837',
        '  crm.contacts incremental  1,200        8      13,200   50.4 MB  32.9 s    30.1 s     12.3',
        'erp                             1        8          81   50.4 MB  32.9 s       0 s        0',
        '  erp.orders soft-delete        1        8          81   50.4 MB  32.9 s       0 s        0',
        '',
      ].join('\n'),
    );
  });

  it('is unknown for a pipeline of which a part is', () => {
    const rows = costRows([cost, { ...cost, mode: 'reconcile', billed: null }]);
    expect(rows.map((row) => row.slice(-2))).toEqual([
      ['—', '—'],
      ['30.1 s', '0.00837'],
      ['—', '—'],
    ]);
  });

  it('says what a warehouse costs beside them, and how late credits come', () => {
    expect(costNotes(of({}), since)).toEqual([
      'warehouse LOADING: 20 credits for all who use it, 7.5 of them while it waited, since 2026-11-20 16:05 UTC',
      'credits become known up to 8h after a run',
    ]);
  });

  it('says what is missing, and nothing of credits that nobody sees', () => {
    const finding = {
      subject: 'credits of runs',
      status: 'warning',
      text: 'unseen',
      next: 'GRANT it',
      kind: null,
    } as const;
    const unseen = of({ modes: [{ ...cost, billed: null }], warehouses: null, findings: [finding] });
    expect(costNotes(unseen, since)).toEqual(['! credits of runs: unseen\n    next: GRANT it']);
  });

  it('is nothing where nothing ran, or nothing is metered', () => {
    const idle = of({ modes: [], warehouses: [] });
    expect(costNotes(idle, since)[0]).toBe('warehouse: no run has cost anything since 2026-11-20 16:05 UTC');
    expect(costNotes({ ...idle, report: null }, since)).toEqual(['warehouse (crm.contacts): nothing is metered']);
    expect(costRows([])).toEqual([]);
  });
});
