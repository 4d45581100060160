import { expect, it } from 'vitest';
import { adoptInSession } from '../../destinations/snowflake/adoption.ts';
import { endsTransaction } from '../../destinations/snowflake/ddl.ts';
import { fenceTable } from '../../destinations/snowflake/fence.ts';
import type { SqlRow } from '../../destinations/snowflake/session.ts';
import type { AdoptRequest } from '../../model/adoption.ts';
import { column, contactsPlan, instant } from '../support/staged-records.ts';
import { describedColumns, modelAccount } from '../support/modelled-account.ts';

const noAbort = new AbortController().signal;
const position = instant(5);
const request: AdoptRequest = {
  run: 'run-1',
  plan: contactsPlan,
  planDigest: 'digest',
  generation: 1,
  firstStartedAt: instant(9),
  overlapMs: 0,
};
const answers: Readonly<Record<string, readonly SqlRow[] | number>> = {
  'SHOW TERSE TABLES': ['CONTACTS', 'SYNC_BATCHES', fenceTable(contactsPlan).table.toUpperCase()].map((name) => ({
    name,
  })),
  'DESCRIBE TABLE': describedColumns([
    contactsPlan.key,
    column('lastmodifieddate', 'timestamp'),
    column('_version', 'timestamp'),
    column('_deleted', 'boolean'),
  ]),
  'AS batches': [{ batches: '0' }],
  'AS keyed': [{ row_count: '3', keyed: '3', keys: '3', stamped: '2', newest: position }],
  'SELECT f.generation': [{ generation: '1', live_rows: '3', fast: position, settled: position }],
};

const accountOf = () =>
  modelAccount({ run: 'run-1', mode: 'backfill', batchId: 'run-1-1-adopt' }, (sql) => {
    const found = Object.entries(answers).find(([part]) => sql.includes(part));
    return found?.[1] ?? 1;
  });

it('adopts once, wherever an attempt fails, with no DDL between BEGIN and COMMIT', async () => {
  const whole = accountOf();
  const adopt = (account: typeof whole) =>
    account.connections.use(noAbort, (session) => adoptInSession(session, request));
  const adopted = await adopt(whole);
  expect(adopted).toMatchObject({ head: { sequence: 1 }, positions: { fast: position, settled: position } });
  const statements = whole.sent().filter((sql) => sql !== 'login');
  const [begin, fence, ...rest] = statements;
  expect([begin, rest.at(-2)]).toEqual(['BEGIN', 'COMMIT']);
  expect(rest.at(-1)).toMatch(/^DESCRIBE TRANSACTION \d+$/);
  expect(fence).toMatch(/^UPDATE "HUBSPOT"."SYNC_FENCE_/);
  expect(rest.at(-3)).toMatch(/^INSERT INTO "HUBSPOT"."SYNC_BATCHES"/);
  expect(rest.at(-4)).toMatch(/^UPDATE "HUBSPOT"."CONTACTS" SET _version .* CURRENT_TRANSACTION\(\)/);
  expect(statements.slice(1, -2).filter(endsTransaction)).toEqual([]);

  for (const [at, failed] of statements.entries()) {
    for (const does of ['refuse', 'loseAnswer'] as const) {
      const label = `${does} at ${at}: ${failed.slice(0, 60)}`;
      const account = accountOf();
      account.fail({ at, does });
      const isTold = failed.startsWith('DESCRIBE TRANSACTION');
      const isDone = isTold || (failed === 'COMMIT' && does === 'loseAnswer');
      const kind = does === 'refuse' && !isTold ? 'Conflict' : 'Unavailable';
      await expect(adopt(account), label).rejects.toMatchObject({ kind });
      expect(account.committed, label).toEqual(isDone ? ['run-1-1-adopt'] : []);
      account.fail(null);
      expect((await adopt(account)).positions, label).toEqual(adopted.positions);
      expect(account.committed, label).toEqual(['run-1-1-adopt']);
    }
  }
});
