import { expect } from 'vitest';
import { isFrontierEmpty, type Frontier } from '../../model/frontier.ts';
import { readWarehouse, type WarehouseRow } from './warehouse.ts';

/** What `sync_batches`, `sync_runs` and the table say of a stream, checked against each other. */
export interface LedgerAudit {
  readonly runs: readonly WarehouseRow[];
  readonly batches: readonly WarehouseRow[];
  /** Null until a run earned one. */
  readonly watermark: string | null;
}

/**
 * Asserts what must hold whatever happened before: no batch twice, each run's sequence unbroken and chained, counts that
 * close batch by batch, a batch of the ledger behind every row, and a watermark on nothing but the end of a whole run.
 */
export async function auditLedger(databasePath: string, stream = 'crm.contacts'): Promise<LedgerAudit> {
  const table = stream.split('.')[1]!;
  return readWarehouse(databasePath, async (query) => {
    const runs = await query(`FROM hubspot.sync_runs WHERE stream = '${stream}' ORDER BY started_at`);
    const batches = await query(
      `SELECT b.*, (b.read - b.duplicate - b.rejected - b.inserted - b.updated - b.unchanged - b.superseded - b.doubtful)::INTEGER AS unexplained
       FROM hubspot.sync_batches b JOIN hubspot.sync_runs r USING (stream, run) WHERE stream = '${stream}'
       ORDER BY r.started_at, b.sequence`,
    );
    expect(new Set(batches.map((batch) => batch['batch_id'])).size, 'batches twice in the ledger').toBe(batches.length);
    expect(batches.filter((batch) => batch['unexplained'] !== 0)).toEqual([]);
    for (const { run, mode, scope } of runs) {
      const ofRun = batches.filter((batch) => batch['run'] === run);
      expect(ofRun.map((batch) => Number(batch['sequence']))).toEqual(ofRun.map((_, n) => n + 1));
      expect(ofRun.map((batch) => batch['predecessor'])).toEqual(
        ofRun.map((_, n) => ofRun[n - 1]?.['batch_id'] ?? null),
      );
      const earned = ofRun.filter((batch) => batch['watermark_settled'] !== null);
      const atEnd = ofRun.filter((batch) => scope === 'whole' && earningModes.has(String(mode)) && isLastMerge(batch));
      expect(earned.map((batch) => batch['batch_id'])).toEqual(atEnd.map((batch) => batch['batch_id']));
    }
    const oneOfAll = await query(
      `SELECT batch_id FROM hubspot.sync_batches WHERE stream = '${stream}' AND (
         tombstones > read OR restored > updated OR erased > deleted OR deleted > inserted + updated
         OR (listed > 0 AND mode NOT IN ('reconcile')) OR (doubtful > 0 AND mode NOT IN ('softDelete', 'reconcile', 'backfill')))`,
    );
    expect(oneOfAll, 'counts that contradict each other').toEqual([]);
    const [rows] = await query(
      `SELECT count(*)::INTEGER AS orphans FROM hubspot.${table} t
       ANTI JOIN hubspot.sync_batches b ON b.batch_id = t._batch_id`,
    );
    expect(rows!['orphans'], 'rows without a batch in the ledger').toBe(0);
    const [sums] = await query(
      `SELECT sum(inserted)::INTEGER AS rows, sum(deleted - restored)::INTEGER AS tombstones
       FROM hubspot.sync_batches WHERE stream = '${stream}'`,
    );
    const [held] = await query(
      `SELECT count(*)::INTEGER AS rows, (count(*) FILTER (_deleted))::INTEGER AS tombstones FROM hubspot.${table}`,
    );
    expect(sums, 'what the ledger says was written').toEqual(held);
    const [twice] = await query(
      `SELECT count(*)::INTEGER AS keys FROM (SELECT id FROM hubspot.${table} GROUP BY id HAVING count(*) > 1)`,
    );
    expect(twice!['keys'], 'keys with more than one row').toBe(0);
    const [mark] = await query(`SELECT last_watermark FROM hubspot.sync_watermarks WHERE source_table = '${stream}'`);
    return { runs, batches, watermark: (mark?.['last_watermark'] as string | null) ?? null };
  });
}

/** Runs of these read all that the positions speak of. */
const earningModes: ReadonlySet<string> = new Set(['backfill', 'incremental']);

/** A merge that left its frontier empty; comparing and approving write rows of their own. */
function isLastMerge(batch: WarehouseRow): boolean {
  const frontier = JSON.parse(String(batch['frontier_after'])) as Frontier;
  return isFrontierEmpty(frontier) && !/-(compare|vanished)$/.test(String(batch['batch_id']));
}

/** The sum of one count over batches. */
export function total(batches: readonly WarehouseRow[], column: string): number {
  return batches.reduce((sum, batch) => sum + Number(batch[column]), 0);
}
