import { it } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHubspotSimulator } from '../../simulators/hubspot/start.ts';
import { runCli, spawnCli } from '../support/run-cli.ts';
import { startTestTemporal } from '../support/temporal.ts';
it('explore', { timeout: 200_000 }, async () => {
  const temporal = await startTestTemporal();
  const simulator = await startHubspotSimulator({ seed: 5, records: { contacts: 4000, companies: 50 }, unconvertibleEvery: 500 });
  const directory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  writeFileSync(join(directory, '.env'), 'HUBSPOT_ACCESS_TOKEN=pat-na1-simulator\n');
  writeFileSync(join(directory, 'sluice.yaml'), `version: 1
temporal:
  address: ${temporal.server.address}
sources:
  crm:
    kind: hubspot
    accessToken: \${HUBSPOT_ACCESS_TOKEN}
    baseUrl: ${simulator.url}
destinations:
  local: { kind: duckdb, path: ./data/warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    schema: hubspot
    streams:
      contacts: {}
      companies: { chunkRecords: 20000 }
`);
  const go = async (...words: string[]) => { const r = await runCli(words, { directory }); console.log('$ sluice ' + words.join(' ') + ' → ' + r.exitCode + '\n' + r.stdout.slice(0, 2500) + '--- stderr\n' + r.stderr.slice(0, 1500)); return r; };
  await go('check');
  await go('status');
  const worker = spawnCli(['worker'], { directory });
  let wlog = ''; worker.stderr.on('data', (d) => wlog += d); worker.stdout.on('data', (d) => wlog += d);
  await sleep(4000);
  await go('check'); await go('check', '--json');
  await go('discover', 'crm'); await go('discover', 'crm', 'contacts'); await go('discover', 'crm', '--json');
  await go('backfill', 'crm.contacts', '--limit', '10', '--wait');
  await go('backfill', 'crm.contacts', '--wait');
  await go('status'); await go('status', '--json'); await go('history', 'crm.contacts'); await go('history', 'crm.contacts', '--json');
  await go('errors', 'crm.contacts'); await go('errors', 'crm.contacts', '--json', '--limit', '3');
  simulator.configure({ latencyMs: 3000 });
  await go('backfill', 'crm.contacts', '--json'); await go('backfill', 'crm.contacts'); await go('status', 'crm.contacts');
  await go('cancel', 'crm.contacts');
  await sleep(3000);
  const waiting = spawnCli(['backfill', 'crm.contacts', '--wait'], { directory });
  let out = ''; waiting.stdout.on('data', (d) => out += d); waiting.stderr.on('data', (d) => out += d);
  await sleep(4000); waiting.kill('SIGINT');
  console.log('ctrl-c', await once(waiting, 'close'), out);
  await go('status', 'crm.contacts');
  await go('cancel', 'crm.contacts');
  simulator.configure({ latencyMs: 0, tokens: [{ token: 'pat-na1-another' }] });
  await go('check'); await go('backfill', 'crm.companies', '--wait'); await go('backfill', 'crm.contacts', '--wait', '--json'); await go('status');
  worker.kill('SIGTERM'); console.log('worker', await once(worker, 'exit'), wlog);
  await simulator.close(); await temporal.stop();
});
