import type { Finding } from './finding.ts';
import type { SyncMode } from './plan.ts';
import type { StreamTable } from './stream-table.ts';

export interface CostRequest {
  readonly streams: readonly StreamTable[];
  /** ISO: of what was committed, and begun, from then on. */
  readonly since: string;
}

/** What runs of one mode of a stream have cost. */
export interface ModeCost {
  /** `pipeline.stream`. */
  readonly stream: string;
  readonly mode: SyncMode;
  /** Those that committed something, their batches, and what these took; by the ledger. */
  readonly runs: number;
  readonly batches: number;
  readonly statements: number;
  readonly stagedBytes: number;
  /** From sending each statement to its answer, by the worker's clock. */
  readonly elapsedMs: number;
  /** By the account; null where it does not tell. */
  readonly billed: BilledStatements | null;
}

/** Statements of attempts that failed are among them: those are billed, too. */
export interface BilledStatements {
  readonly statements: number;
  readonly executionMs: number;
  /** Of executing them: a warehouse that waits for the next one costs as much. */
  readonly credits: number;
}

/** What a warehouse has cost, by hours that have ended since, whoever used it. */
export interface WarehouseUse {
  readonly warehouse: string;
  readonly credits: number;
  /** Of executing statements; the rest, it waited. */
  readonly statementCredits: number;
}

export interface CostReport {
  /** Those that have cost something, by stream. */
  readonly modes: readonly ModeCost[];
  /** Of those that config names; null where the account does not tell. */
  readonly warehouses: readonly WarehouseUse[] | null;
  /** What the account does not tell, and what would make it. */
  readonly findings: readonly Finding[];
  /** How long after a statement its credits may become known. */
  readonly lagMs: number;
}
