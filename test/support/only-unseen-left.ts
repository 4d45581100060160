import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { WorkerProcess } from '../../examples/sandbox.ts';
import { syncModes } from '../../model/plan.ts';
import type { IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import type { AccountSteps, Kind, Link, Unseen } from './account-steps.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { crmKinds, settledAfterMs } from './crm-world.ts';
import { expectSame, expectSameAssociations, noDifference } from './expect-same.ts';
import { auditLedger } from './ledger-audit.ts';

/** What the steps recalculate. */
const calculatedColumns: Readonly<Record<Kind, string>> = {
  contacts: 'hs_latest_source_data_1',
  companies: 'num_associated_contacts',
};

/**
 * Asserts that after a last incremental, a settled one and a soft delete nothing differs from the truth but what only a
 * reconciliation can see; that a reconciliation then finds exactly that, and mends it; and that all is equal and sound then. Stops
 * the worker given. `bringRows` puts the tables of a remote destination where the world looks for them.
 */
export async function expectOnlyUnseenLeft(
  world: ChaosWorld,
  {
    account,
    worker,
    bringRows = async () => {},
  }: { readonly account: AccountSteps; readonly worker: WorkerProcess; readonly bringRows?: () => Promise<void> },
): Promise<void> {
  const left = await settle(world, account);
  await worker.stop();
  await bringRows();
  const found = await expectOnlyUnseen(world, account, left);
  await reconcileExactly(world, found);
  await bringRows();
  await expectSound(world);
}

/** Runs what sees all but the unseen; leaves a little of that on purpose before the last time, when the index has settled. */
async function settle(world: ChaosWorld, account: AccountSteps): Promise<Unseen> {
  const left = account.takeUnseen();
  const lastChangeMs = Date.now();
  for (const kind of crmKinds) await world.run('incremental', { stream: `crm.${kind}` });
  await sleep(lastChangeMs + settledAfterMs - Date.now());
  for (const kind of crmKinds) {
    const stream = `crm.${kind}`;
    const settled = await world.run<IncrementalResult>('incremental', { stream });
    expect(Date.parse(settled.next?.positions.settled ?? '')).toBeGreaterThan(lastChangeMs);
    await world.run('softDelete', { stream });
  }
  return left;
}

/** What a reconciliation of one stream is to find. */
interface Found {
  readonly missing: number;
  readonly stale: number;
  readonly recalculated: number;
  readonly vanished: number;
}

/** Every row that no exception is known for equals its record; those left for a reconciliation on purpose differ. */
async function expectOnlyUnseen(
  world: ChaosWorld,
  account: AccountSteps,
  left: Unseen,
): Promise<Readonly<Record<Kind, Found>> & { readonly links: number }> {
  const [contacts, companies] = [await find('contacts'), await find('companies')];
  expect(await world.compare('contacts', { ids: left.erased })).toMatchObject({ extra: { count: left.erased.length } });
  const links = await linksThatDiffer(world);
  expect(links.filter(({ from, to }) => !account.mayDiffer(from, to))).toEqual([]);
  expect(links).toEqual(expect.arrayContaining([...left.links]));
  return { contacts, companies, links: links.length };

  async function find(kind: Kind): Promise<Found> {
    const { seen, unseen } = account.sortIds(kind);
    expect(await world.compare(kind, { ids: seen }), `seen ${kind}`).toMatchObject(noDifference);
    const stale = await staleIds(world, kind);
    expect(stale.filter((id) => !unseen.includes(id))).toEqual([]);
    const others = unseen.filter((id) => !stale.includes(id));
    const { missing, extra, differing } = await world.compare(kind, { ids: others });
    expect(differing.map(({ column }) => column)).toEqual([calculatedColumns[kind]]);
    const marked = await world.compare(kind, { ids: left.recalculated[kind] });
    expect(marked.differing).toMatchObject([{ count: left.recalculated[kind].length }]);
    return {
      missing: missing.count,
      stale: stale.length,
      recalculated: differing[0]!.count,
      vanished: extra.count,
    };
  }
}

/** A reconciliation of both streams finds what the comparison with the truth found, mends it, and does nothing else. */
async function reconcileExactly(
  world: ChaosWorld,
  { links, ...found }: Readonly<Record<Kind, Found>> & { readonly links: number },
): Promise<void> {
  const worker = world.startWorker();
  let linksWritten = 0;
  for (const kind of crmKinds) {
    const { vanished, totals } = await world.run<ReconcileResult>('reconcile', { stream: `crm.${kind}` });
    const { doubtful: _, ...differences } = vanished!.differences;
    expect(differences, kind).toEqual(found[kind]);
    const { missing, stale, recalculated, vanished: gone } = found[kind];
    expect(totals.inserted + totals.updated, kind).toBe(missing + stale + recalculated + gone);
    linksWritten += totals.linked + totals.unlinked;
  }
  expect(linksWritten).toBe(links);
  await worker.stop();
}

async function expectSound(world: ChaosWorld): Promise<void> {
  for (const kind of crmKinds) {
    await expectSame(world, kind);
    const { runs } = await auditLedger(world.sandbox.databasePath, `crm.${kind}`);
    expect(runs.filter(({ status }) => status !== 'done')).toEqual([]);
    for (const mode of syncModes) expect(await world.stagedRuns(mode, `crm.${kind}`), mode).toEqual([]);
  }
  await expectSameAssociations(world, 'contacts', 'companies');
}

/** Live rows of another version than their records. */
async function staleIds(world: ChaosWorld, kind: Kind): Promise<string[]> {
  const { store } = world.simulator.portal.data(kind);
  const rows = await world.query(
    `SELECT id::VARCHAR AS id, epoch_ms(_version) AS version FROM hubspot.${kind} WHERE NOT _deleted`,
  );
  return rows.flatMap(({ id, version }) => {
    const record = store.find(Number(id));
    return record?.status === 'live' && record.modifiedMs !== Number(version) ? [String(id)] : [];
  });
}

/** Associations of contacts with companies that are at one side and not at the other, by their ends. */
async function linksThatDiffer(world: ChaosWorld): Promise<Link[]> {
  const { portal } = world.simulator;
  const differing = new Map<string, Link>();
  for (const { id } of portal.data('contacts').store.liveFrom(0, { limit: Infinity, sees: () => true })) {
    for (const { toId, typeId } of portal.associations.of('contacts', 'companies', id)) {
      differing.set(`${id} ${toId} ${typeId}`, { from: String(id), to: String(toId) });
    }
  }
  const rows = await world.query(
    'SELECT from_id::VARCHAR AS "from", to_id::VARCHAR AS "to", type_id FROM hubspot.assoc_contacts_companies WHERE NOT _deleted',
  );
  for (const row of rows) {
    const { from, to } = row as unknown as Link;
    const key = `${from} ${to} ${String(row['type_id'])}`;
    if (!differing.delete(key)) differing.set(key, { from, to });
  }
  return [...differing.values()];
}
