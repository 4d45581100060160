/**
 * Program: reads contacts as so many backfills at once would, through the account's budget, again and again until it is killed or
 * its parent is gone. What it reads it throws away.
 * usage: reading-process.ts <account url> <budget folder> <backfills>
 */
import { allIds } from '../model/id-range-pool.ts';
import { isFrontierEmpty, type SourceFrontier } from '../model/frontier.ts';
import { openHubSpotSource } from '../sources/hubspot/source.ts';
import { contactsPlan, nothingKept } from './contacts-plan.ts';

const [baseUrl = '', budgetDir = '', backfills = '1'] = process.argv.slice(2);
const source = openHubSpotSource(
  { kind: 'hubspot', accessToken: 'unused', baseUrl, apiVersion: '2026-03', timeoutMs: 30_000 },
  {
    log: { info() {}, error: console.error, warn: console.error },
    budgetDir,
    readAccessToken: () => Promise.resolve('pat-na1-simulator'),
  },
);

async function backfill(): Promise<void> {
  for (;;) {
    let frontier: SourceFrontier = { kind: 'idRanges', ranges: [allIds] };
    while (!isFrontierEmpty(frontier)) {
      const outcome = await source.extract({ ...nothingKept, plan: contactsPlan, frontier, traffic: 'bulk' });
      if (outcome.wait !== null) throw new Error(`unexpected wait: ${outcome.wait.reason}`);
      ({ frontier } = outcome);
    }
  }
}

process.on('disconnect', () => process.exit(0));
process.send?.('started');
await Promise.all(Array.from({ length: Number(backfills) }, backfill));
