import { expect } from 'vitest';
import type { ChaosWorld } from './chaos-world.ts';
import { auditLedger, type LedgerAudit } from './ledger-audit.ts';

/** Asserts that every live row is its record, value for value, that the ledger is sound, and that nothing is left staged. */
export async function expectWhole(world: ChaosWorld): Promise<LedgerAudit> {
  const comparison = await world.compare();
  expect(comparison).toMatchObject({
    missing: { count: 0 },
    extra: { count: 0 },
    duplicated: { count: 0 },
    differing: [],
  });
  expect(comparison.liveRows).toBe(world.simulator.portal.count('contacts').live);
  expect(comparison.comparedValues).toBeGreaterThan(comparison.liveRows * 50);
  expect(await world.stagedRuns()).toEqual([]);
  return auditLedger(world.sandbox.databasePath);
}
