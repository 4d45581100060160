import { describe, expect, it, onTestFinished } from 'vitest';
import { endsTransaction } from '../../destinations/snowflake/ddl.ts';
import { mergeBatch, type MergeOptions } from '../../destinations/snowflake/merge.ts';
import type { SqlRow } from '../../destinations/snowflake/session.ts';
import { TableShapes } from '../../destinations/snowflake/table-shape.ts';
import { emptyPart, type Stage, stageFiles, type StagePart, zeroRequests } from '../../model/batch.ts';
import type { MergeRequest, MergeTransactions } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { describedColumns, modelAccount, type ModelledAccount } from '../support/modelled-account.ts';
import { column, contactsPlan, wholeFrontier } from '../support/staged-records.ts';

const links = { schema: 'hubspot', table: 'assoc_contacts_companies' };
const plan: StreamPlan = {
  ...contactsPlan,
  onVanished: 'erase',
  associations: [{ to: 'companies', table: links, ends: [{ schema: 'hubspot', table: 'companies' }] }],
};
const noAbort = new AbortController().signal;

const part = (name: string, rowCount: number): StagePart => ({
  files: [{ path: `crm.contacts/backfill/run-1/1-1/${name}.csv.gz`, rowCount, sizeBytes: 100, sha256: 'x' }],
  rowCount,
});
const stage: Stage = {
  directory: 'crm.contacts/backfill/run-1/1-1',
  kind: 'content',
  records: emptyPart,
  tombstones: emptyPart,
  associations: [],
  absentColumns: [],
};
const records: Stage = { ...stage, records: part('records', 4) };
const requestOf = (of: Stage, some: Partial<MergeRequest> = {}): MergeRequest => ({
  run: 'run-1',
  mode: 'backfill',
  scope: 'whole',
  generation: 1,
  plan,
  planDigest: 'digest',
  firstStartedAt: '2024-01-01T00:00:00.000Z',
  positions: null,
  keepsListing: false,
  onDoubt: 'keepAsWork',
  onNulled: 'quarantine',
  batch: {
    batchId: 'batch-1',
    sequence: 1,
    predecessor: null,
    stage: of,
    frontierAfter: wholeFrontier,
    roundedValues: 0,
    requests: zeroRequests,
  },
  ...some,
});

/** What the account says, by what a statement asks for; a number is how many rows it changes. */
type Answers = Readonly<Record<string, readonly SqlRow[] | number>>;

const clean: SqlRow = { loaded: '4', keyed: '4', keys: '4', lowest: '1', highest: '9', unobserved: '0' };
const content: Answers = {
  'AS unobserved': [clean],
  'AS compared': [
    { compared: '4', inserted: '3', updated: '1', unchanged: '0', superseded: '0', revived: '0', erased: '0' },
  ],
  'MERGE INTO "HUBSPOT"."CONTACTS"': 4,
};
const table: Answers = {
  'SHOW TERSE TABLES': ['CONTACTS', 'COMPANIES', 'ASSOC_CONTACTS_COMPANIES'].map((name) => ({ name })),
  'DESCRIBE TABLE "HUBSPOT"."ASSOC_CONTACTS_COMPANIES"': describedColumns([
    column('from_id', 'integer'),
    column('to_id', 'integer'),
  ]),
  'DESCRIBE TABLE': describedColumns([
    plan.key,
    ...plan.columns,
    column('_deleted', 'boolean'),
    column('_state_observed_at', 'timestamp'),
  ]),
};
const tombstones: Answers = {
  'AS unreadable': [{ loaded: '3', keyed: '2', keys: '2', lowest: '1', highest: '2', unreadable: '0', merged: '1' }],
  'AS refine_count': [
    {
      found: '2',
      insert_count: '0',
      flip_count: '1',
      refine_count: '0',
      erase_count: '1',
      unchanged_count: '0',
      superseded_count: '0',
      doubtful_count: '0',
      erased_live: '1',
    },
  ],
  "'eraseMerged', 'passed')": 0,
  'MERGE INTO "HUBSPOT"."CONTACTS"': 1,
};
const associations: Answers = {
  'AS links': [{ heads: '2', links: '3', unusable_heads: '0', unusable_links: '0', lowest: '1', highest: '2' }],
  'AS remove_count': [{ insert_count: '2', update_count: '0', remove_count: '1', doubtful_count: '0' }],
  'MERGE INTO "HUBSPOT"."ASSOC_CONTACTS_COMPANIES"': 3,
};

interface Case {
  readonly title: string;
  readonly request: MergeRequest;
  readonly answers: Answers;
  /** From BEGIN to COMMIT, and before. */
  readonly statements: number;
}
const cases: readonly Case[] = [
  { title: 'records', request: requestOf(records), answers: content, statements: 10 },
  {
    title: 'records that change nothing',
    request: requestOf(records),
    answers: { ...content, 'AS compared': [{ compared: '4', unchanged: '4' }] },
    statements: 9,
  },
  {
    title: 'records with rejects, duplicates and values that do not convert, listed',
    request: requestOf(records, { keepsListing: true }),
    answers: {
      ...content,
      'AS unobserved': [{ ...clean, keyed: '3', keys: '2', n3: '1' }],
      'COUNT_IF(s.c3': [{ n3: '1' }],
      'AS compared': [{ compared: '2', inserted: '1', updated: '1', erased: '1' }],
      'MERGE INTO "HUBSPOT"."CONTACTS"': 2,
    },
    statements: 15,
  },
  {
    title: 'records of which a value was too long to be staged',
    request: requestOf({ ...records, unstaged: part('unstaged', 2) }),
    answers: { ...content, 'SELECT COUNT(*) AS loaded FROM': [{ loaded: '2' }], 'AS source_type, CASE MAX(g.c2)': 1 },
    statements: 14,
  },
  {
    title: 'a listing',
    request: requestOf({ ...records, kind: 'listing' }),
    answers: content,
    statements: 9,
  },
  {
    title: 'tombstones, one of which erases',
    request: requestOf({ ...stage, tombstones: part('tombstones', 3) }),
    answers: tombstones,
    statements: 24,
  },
  {
    title: 'associations',
    request: requestOf({
      ...stage,
      associations: [{ table: links, heads: part('heads', 2), links: part('links', 3) }],
    }),
    answers: associations,
    statements: 18,
  },
];

function accountFor({ request, answers }: Case): ModelledAccount {
  const all = { ...answers, ...table };
  const account = modelAccount({ ...request, batchId: request.batch.batchId }, (sql) => {
    const found = Object.keys(all).find((asked) => sql.includes(asked));
    if (sql.startsWith('LIST') && !('LIST' in all))
      return stageFiles(request.batch.stage).map(({ path }) => ({ name: `sluice_stage/${path}` }));
    return found === undefined ? (sql.startsWith('UPDATE') ? 1 : 0) : all[found]!;
  });
  onTestFinished(() => account.connections.close());
  return account;
}

const options = (transactions: MergeTransactions | null = null): MergeOptions => ({
  location: '@"HUBSPOT"."SLUICE_STAGE"',
  shapes: knownShapes(),
  transactions,
});

/** As after the first merge of a run: the columns are known. */
function knownShapes(): TableShapes {
  const types = new Map(
    describedColumns([plan.key, ...plan.columns]).map((row) => [
      String(row['name']).toLowerCase(),
      String(row['type']),
    ]),
  );
  const shapes = new TableShapes();
  shapes.note({ stream: plan.stream, table: plan.table, run: 'run-1' }, { generation: 1, shape: 0 }, types);
  return shapes;
}

/** Between a BEGIN and what ends it. */
function within(sent: readonly string[]): string[][] {
  const transactions: string[][] = [];
  let open: string[] | null = null;
  for (const sql of sent) {
    if (sql === 'BEGIN') transactions.push((open = []));
    else if (sql === 'COMMIT' || sql === 'ROLLBACK' || sql === 'logout') open = null;
    else open?.push(sql);
  }
  return transactions;
}

describe.each(cases)('merging $title', (one) => {
  it(`takes ${one.statements} statements, of which none between BEGIN and COMMIT is DDL`, async () => {
    const account = accountFor(one);
    const outcome = await mergeBatch(account.connections, one.request, noAbort, options());
    expect(outcome).toMatchObject({ kind: 'merged', isRepeat: false });
    const sent = account.sent().filter((sql) => sql !== 'login');
    expect(sent.slice(sent.indexOf('BEGIN') + 1)[0]).toMatch(/^UPDATE "HUBSPOT"."SYNC_FENCE_/);
    expect(sent.at(-3)).toMatch(/^INSERT INTO "HUBSPOT"."SYNC_BATCHES"/);
    expect(sent.at(-2)).toBe('COMMIT');
    expect(sent.at(-1)).toBe('DESCRIBE TRANSACTION 1432071497832');
    expect(within(sent).flat().filter(endsTransaction)).toEqual([]);
    expect(sent).toHaveLength(one.statements);
  });

  it('leaves nothing, or all of it, wherever it fails, and the next attempt merges it once', async () => {
    for (let at = 0; at < one.statements; at++) {
      for (const does of ['refuse', 'loseAnswer'] as const) {
        const account = accountFor(one);
        const notes: string[] = [];
        const attempt = (before: string | null) =>
          mergeBatch(account.connections, one.request, noAbort, options({ before, note: (id) => notes.push(id) }));
        account.fail({ at, does });
        const failure = await attempt(null).then(
          () => null,
          (error: unknown) => error,
        );
        const sent = account.sent();
        const failed = sent.filter((sql) => sql !== 'login')[at]!;
        const label = `${does} at ${at}: ${failed.slice(0, 60)}`;
        const isDone = (failed === 'COMMIT' && does === 'loseAnswer') || failed.startsWith('DESCRIBE TRANSACTION');
        // Nobody told what came of a COMMIT that was done: the ledger was asked, in another session.
        expect(failure === null, label).toBe(isDone);
        expect(account.committed, label).toEqual(isDone ? ['batch-1'] : []);
        if (!isDone) expect(failure, label).toMatchObject({ kind: does === 'refuse' ? 'Conflict' : 'Unavailable' });
        const begin = sent.indexOf('BEGIN');
        if (begin !== -1 && failed !== 'BEGIN' && failed !== 'COMMIT' && !isDone)
          expect(sent.slice(begin), label).toContain('ROLLBACK');
        if (failed === 'COMMIT')
          expect(
            sent.filter((sql) => sql === 'login'),
            label,
          ).toHaveLength(does === 'loseAnswer' ? 2 : 1);
        expect(within(sent).flat().filter(endsTransaction), label).toEqual([]);

        const began = [...notes];
        account.fail(null);
        const again = await attempt(began.at(-1) ?? null);
        expect(again, label).toMatchObject({ kind: 'merged', isRepeat: isDone });
        expect(account.committed, label).toEqual(['batch-1']);
        const aborts = account.sent().filter((sql) => sql.includes('SYSTEM$ABORT_TRANSACTION'));
        expect(aborts, label).toEqual(began.length === 0 ? [] : ['SELECT SYSTEM$ABORT_TRANSACTION(1432071497832)']);
      }
    }
  });
});

describe('a merge after an attempt that died', () => {
  it('ends that one’s transaction before it takes the fence, and notes its own before it commits', async () => {
    const account = accountFor(cases[0]!);
    const seen: string[] = [];
    const transactions: MergeTransactions = {
      before: '77',
      note: (id) => seen.push(`${id} after ${account.sent().at(-1)!.slice(0, 6)}`),
    };
    await mergeBatch(account.connections, cases[0]!.request, noAbort, options(transactions));
    const sent = account.sent();
    expect(sent.indexOf('SELECT SYSTEM$ABORT_TRANSACTION(77)')).toBeLessThan(sent.indexOf('BEGIN'));
    expect(sent.filter((sql) => sql.includes('SYSTEM$ABORT_TRANSACTION'))).toHaveLength(1);
    expect(seen).toEqual(['1432071497832 after SELECT']);
  });
});

describe('a merge that meets other rows than it may', () => {
  const refused: readonly { title: string; one: Case; answers: Answers; failure: object }[] = [
    {
      title: 'a key that the table holds twice',
      one: cases[0]!,
      answers: { 'AS compared': [{ compared: '5', inserted: '3', updated: '2' }] },
      failure: { kind: 'StateCorrupt', message: expect.stringContaining('holds a key more than once') },
    },
    {
      title: 'rows that somebody changed after they were counted',
      one: cases[0]!,
      answers: { 'MERGE INTO "HUBSPOT"."CONTACTS"': 3 },
      failure: { kind: 'StateCorrupt', message: expect.stringContaining('met other rows') },
    },
    {
      title: 'associations that another stream changed meanwhile',
      one: cases.find(({ title }) => title === 'associations')!,
      answers: { 'MERGE INTO "HUBSPOT"."ASSOC_CONTACTS_COMPANIES"': 2 },
      failure: { kind: 'Conflict', message: expect.stringContaining('another stream') },
    },
  ];
  it.each(refused)('writes nothing: $title', async ({ one, answers, failure }) => {
    const account = accountFor({ ...one, answers: { ...answers, ...withoutThose(one.answers, answers) } });
    await expect(mergeBatch(account.connections, one.request, noAbort, options())).rejects.toMatchObject({
      ...failure,
      next: expect.any(String),
    });
    expect(account.committed).toEqual([]);
    expect(account.sent()).toContain('ROLLBACK');
  });

  it('rewinds where a file of the stage is gone, whatever the error was', async () => {
    const [one] = cases;
    const account = accountFor({ ...one!, answers: { ...one!.answers, LIST: [] } });
    account.fail({ at: 1, does: 'refuse' });
    expect(await mergeBatch(account.connections, one!.request, noAbort, options())).toMatchObject({
      kind: 'rewind',
      reason: 'stageLost',
      head: { sequence: 0 },
    });
    expect(account.committed).toEqual([]);
  });
});

function withoutThose(answers: Answers, those: object): Answers {
  return Object.fromEntries(Object.entries(answers).filter(([asked]) => !(asked in those)));
}
