import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { associationTableName } from '../../model/association.ts';
import type { CompareOutcome } from '../../model/comparison.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableRow } from '../support/destination-under-test.ts';
import {
  hasNoPython,
  needsPython,
  type SnowflakeUnderTest,
  useSnowflakeAccount,
} from '../support/snowflake-under-test.ts';
import { comparedPlan, openComparison, type TestComparison } from '../support/staged-comparison.ts';
import { ada, bob, column, contactsPlan, instant, type TestChunk } from '../support/staged-records.ts';
import { claimRequest, openRequest, openTestRun, type TestRun, type TestRunOptions } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const { schema } = table;
const companies = { schema, table: associationTableName('contacts', 'companies') };
const noAbort = new AbortController().signal;
const plan: StreamPlan = {
  ...comparedPlan,
  onVanished: 'erase',
  associations: [{ to: 'companies', table: companies }],
};
const wider: StreamPlan = {
  ...plan,
  columns: plan.columns.map((one) => (one.name === 'visits' ? column('visits', 'text') : one)),
};

/** Every kind of thing that a batch may bring. */
const chunks: readonly TestChunk[] = [
  { records: [ada, bob, { ...ada, id: '3' }, { ...ada, id: '4' }] },
  {
    records: [
      { ...ada, email: 'new', visits: 'often', _version: instant(2), _observed_at: instant(11) },
      { ...ada, id: null },
      { ...bob, _observed_at: instant(9) },
      { ...bob, _observed_at: instant(8) },
    ],
    unstaged: [['1', 'email', 'text', 'too long', instant(11)]],
  },
  {
    tombstones: [
      ['3', 'archived', instant(11), null, instant(12)],
      ['4', 'vanished', null, null, instant(12)],
      ['', 'archived', null, null, instant(12)],
    ],
  },
  {
    associations: [
      {
        table: companies,
        heads: [['1', instant(11)]],
        links: [['1', '7', 'HUBSPOT_DEFINED', '279', null, instant(11)]],
      },
    ],
  },
];

interface Step {
  readonly title: string;
  /** What it does: all in one transaction, or in several, of which those that were committed are not repeated. */
  readonly takes: 'one' | 'several';
  /** What it needs is had once; the call is repeated until it succeeds. */
  readonly prepare: () => Promise<() => Promise<unknown>>;
}

/** A stream from its first claim to its reset, each step with transactions of its own kind. */
function steps({ destination }: SnowflakeUnderTest): readonly Step[] {
  let run: TestRun | null = null;
  let comparison: TestComparison | null = null;
  let outcome: CompareOutcome | null = null;
  const optionsOf = (name: string, minute: number, of: StreamPlan): TestRunOptions => ({
    run: name,
    startedAt: instant(minute),
    plan: of,
    keepsListing: true,
  });
  const claiming = (name: string, minute: number): Step => ({
    title: `claiming for ${name}`,
    takes: 'one',
    prepare: async () => () => destination.claimRun(claimRequest(optionsOf(name, minute, plan)), noAbort),
  });
  const opening = (name: string, minute: number, of = plan): Step => ({
    title: `opening ${name}`,
    takes: of === plan ? 'one' : 'several',
    prepare: async () => () => destination.openRun(openRequest(optionsOf(name, minute, of)), noAbort),
  });
  const merging = (title: string, chunk: TestChunk, name: string): Step => ({
    title,
    takes: 'one',
    prepare: async () => {
      run ??= await openTestRun(destination, optionsOf(name, 0, plan));
      const request = await run.mint(chunk);
      return () => run!.merge(request);
    },
  });
  return [
    claiming('run-1', 0),
    opening('run-1', 0),
    merging('a merge of new records', chunks[0]!, 'run-1'),
    merging('a merge of records with rejects', chunks[1]!, 'run-1'),
    merging('a merge of tombstones', chunks[2]!, 'run-1'),
    merging('a merge of associations', chunks[3]!, 'run-1'),
    claiming('run-2, while run-1 is open', 1),
    opening('run-2, while run-1 is open', 1, wider),
    {
      title: 'a listing',
      takes: 'one',
      prepare: async () => {
        comparison = await openComparison(destination, { plan: wider });
        const records = [{ id: '1', visits: 'rarely', _version: instant(2), _observed_at: instant(21) }];
        const request = await comparison.mint({ kind: 'listing', records });
        return () => comparison!.merge(request);
      },
    },
    {
      title: 'a comparison',
      takes: 'one',
      prepare: async () => {
        const request = await comparison!.request();
        return async () => (outcome = await destination.compareListing(request, noAbort));
      },
    },
    {
      title: 'what vanished',
      takes: 'one',
      prepare: async () => () => destination.beginVanished(comparison!.vanishedRequest(outcome!), noAbort),
    },
    {
      title: 'widening columns of an open run',
      takes: 'several',
      prepare: async () => {
        const columns = [{ name: 'born_on', sourceType: 'text' as const }];
        const request = { run: 'reconcile-1', mode: 'reconcile', plan: wider, columns } as const;
        return () => destination.widenColumns(request, noAbort);
      },
    },
    {
      title: 'a reset that drops the table',
      takes: 'several',
      prepare: async () => () =>
        destination.resetStream(
          { stream, table, request: 'reset-1', tableRows: 'drop', associationTables: [companies] },
          noAbort,
        ),
    },
  ];
}

describe.skipIf(hasNoPython)(`an emulated account (${needsPython}) that ends a transaction from outside`, () => {
  const open = useSnowflakeAccount();
  const opened: SnowflakeUnderTest[] = [];
  const openOne = async () => {
    const under = await open();
    opened.push(under);
    return under;
  };
  beforeEach(() => void opened.splice(0));
  afterEach(async () => {
    for (const under of opened) await under.dispose();
  });

  const abort = (under: SnowflakeUnderTest) => (id: string) => under.ask(`SELECT SYSTEM$ABORT_TRANSACTION(${id})`);

  it('keeps nothing of any attempt, whichever statement it came after', async () => {
    const [clean, struck] = [await openOne(), await openOne()];
    // Makes the schema, which is no part of any transaction.
    for (const { destination } of [clean, struck]) {
      await openTestRun(destination, { run: 'run-0', startedAt: instant(0), mode: 'incremental', plan });
    }
    const cleanSteps = steps(clean);
    for (const [n, { title, takes, prepare }] of steps(struck).entries()) {
      const call = await cleanSteps[n]!.prepare();
      clean.transactions.strike(null, noStrike);
      await call();
      const places = placesBeforeChanges(clean.transactions.sent);
      expect(places.length, title).toBeGreaterThan(2);

      const attempt = await prepare();
      const before = await dump(struck);
      // What an attempt leaves known, or committed, shortens the next one.
      for (const place of takes === 'one' ? places.toReversed() : places) {
        // Snowflake does not say what CURRENT_TRANSACTION() is in a statement that stands by itself.
        await struck.control.configure({ tellsTransactionOfOneStatement: place % 2 === 0 });
        struck.transactions.strike(place, abort(struck));
        const failure = await attempt().then(
          () => null,
          (error: unknown) => error,
        );
        if (takes === 'several' && !struck.transactions.hasStruck) break;
        expect(failure, `${title}, after statement ${place}`).toMatchObject({ kind: 'Conflict' });
      }
      if (takes === 'one') expect(await dump(struck), title).toEqual(before);
      struck.transactions.strike(null, noStrike);
      await attempt();
      expect(await dump(struck), title).toEqual(await dump(clean));
    }
  }, 240_000);

  it.each([
    ['before the MERGE', 'SELECT'],
    ['after the MERGE', 'MERGE'],
    ['before the COMMIT', 'INSERT'],
  ])('counts the attempt after it, and nothing of the one that goes on: %s', async (_, last) => {
    const under = await openOne();
    const run = await openTestRun(under.destination, { run: 'run-1', startedAt: instant(0) });
    const request = await run.mint([ada, bob]);
    let second: unknown = null;
    // BEGIN, the fence, and what stands; then what becomes of the records, the rows and the ledger.
    const words = ['BEGIN', 'UPDATE', 'SELECT', 'SELECT', 'MERGE', 'INSERT'];
    under.transactions.strike(words.lastIndexOf(last), async (before) => {
      second = await under.destination.mergeBatch(request, noAbort, { before, note: () => undefined });
    });
    await expect(run.merge(request)).rejects.toMatchObject({ kind: 'Conflict' });
    expect(second).toMatchObject({ kind: 'merged', isRepeat: false });
    expect(await under.readRows({ schema, table: 'sync_batches' })).toHaveLength(1);
    expect((await under.readRows(table)).map((row) => row['id']).toSorted()).toEqual(['1', bob['id']]);
    expect((await run.mergeRecords([{ ...ada, _version: instant(5) }])).kind).toBe('merged');
  });
});

/** Of the statements of transactions, those before one that changes rows, or commits. Between two that only read, nothing can go wrong. */
function placesBeforeChanges(sent: readonly string[]): number[] {
  return sent.flatMap((sql, place) => (/^(INSERT|UPDATE|DELETE|MERGE|COMMIT)/.test(sql) ? [place - 1] : []));
}

const noStrike = async () => undefined;

/** What nobody can know beforehand, and what the fence tells of whoever took it. */
const unforeseen =
  /^(taken_by|taken_at|began_at|committed_at|created_at|ended_at|_synced_at|query_ids|elapsed_ms|statements)$/;

/** The rows of every table of the schema, but for what differs from one run to the next. */
async function dump(under: SnowflakeUnderTest): Promise<Record<string, string[]>> {
  const tables = (await under.ask(`SHOW TABLES IN SCHEMA "${schema.toUpperCase()}"`)) as readonly { name: string }[];
  const dumped: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = (await under.readRows({ schema, table: name })).map(foreseen);
    // A table is made before the transaction that fills it.
    if (rows.length > 0) dumped[name] = rows.map((row) => JSON.stringify(row)).toSorted();
  }
  return dumped;
}

function foreseen(row: TableRow): TableRow {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !unforeseen.test(name))
      .map(([name, value]) => [name, value?.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid') ?? null]),
  );
}
