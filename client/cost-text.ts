import type { CostReport, ModeCost, WarehouseUse } from '../model/cost.ts';
import { spanText } from '../model/duration.ts';
import type { DestinationCost } from '../model/inspection.ts';
import { workflowNames } from '../model/workflow-id.ts';
import { countText } from './count-text.ts';
import { instantText } from './duration.ts';
import { findingText } from './finding-text.ts';
import { sizeText } from './size-text.ts';

export const costColumns = [
  { title: 'cost' },
  { title: 'runs', align: 'right' },
  { title: 'batches', align: 'right' },
  { title: 'statements', align: 'right' },
  { title: 'staged', align: 'right' },
  { title: 'waited', align: 'right' },
  { title: 'executed', align: 'right' },
  { title: 'credits', align: 'right' },
] as const;

/** What a table of what runs have cost leaves out, a line each. */
export function costNotes({ destination, streams, report }: DestinationCost, since: string): string[] {
  if (report === null) return [`${destination} (${streams.join(', ')}): nothing is metered`];
  const from = `since ${instantText(since)} UTC`;
  return [
    ...(report.modes.length === 0 ? [`${destination}: no run has cost anything ${from}`] : []),
    ...(report.warehouses ?? []).map((use) => `${warehouseText(use)} ${from}`),
    ...report.findings.map((finding) => findingText(finding).trimEnd()),
    ...lagNote(report),
  ];
}

function lagNote({ warehouses, modes, lagMs }: CostReport): string[] {
  const isTold = warehouses !== null || modes.some(({ billed }) => billed !== null);
  return isTold ? [`credits become known up to ${spanText(lagMs)} after a run`] : [];
}

/** A line for each pipeline, and one for each mode of its streams. */
export function costRows(modes: readonly ModeCost[]): string[][] {
  const pipelines = Map.groupBy(modes, ({ stream }) => stream.split('.', 1)[0]!);
  return [...pipelines].flatMap(([pipeline, within]) => [
    costRow(pipeline, sumOf(within)),
    ...within.map((cost) => costRow(`  ${cost.stream} ${workflowNames[cost.mode].id}`, cost)),
  ]);
}

type Figures = Omit<ModeCost, 'stream' | 'mode'>;

function costRow(name: string, { billed, ...ledger }: Figures): string[] {
  return [
    name,
    countText(ledger.runs),
    countText(ledger.batches),
    countText(ledger.statements),
    sizeText(ledger.stagedBytes),
    secondsText(ledger.elapsedMs),
    billed === null ? '—' : secondsText(billed.executionMs),
    billed === null ? '—' : creditsText(billed.credits),
  ];
}

function sumOf(costs: readonly ModeCost[]): Figures {
  const sum = (of: (cost: ModeCost) => number): number => costs.reduce((total, cost) => total + of(cost), 0);
  return {
    runs: sum(({ runs }) => runs),
    batches: sum(({ batches }) => batches),
    statements: sum(({ statements }) => statements),
    stagedBytes: sum(({ stagedBytes }) => stagedBytes),
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    billed: costs.some(({ billed }) => billed === null)
      ? null
      : {
          statements: sum(({ billed }) => billed!.statements),
          executionMs: sum(({ billed }) => billed!.executionMs),
          credits: sum(({ billed }) => billed!.credits),
        },
  };
}

function warehouseText({ warehouse, credits, statementCredits }: WarehouseUse): string {
  const idle = Math.max(0, credits - statementCredits);
  return `warehouse ${warehouse}: ${creditsText(credits)} credits for all who use it, ${creditsText(idle)} of them while it waited,`;
}

function secondsText(ms: number): string {
  return `${(ms / 1_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} s`;
}

/** Three digits: a merge costs a ten-thousandth. */
function creditsText(credits: number): string {
  return credits.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
