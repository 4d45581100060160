import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AccountBudget } from '../../budget/account-budget.ts';
import { budgetPath } from '../../budget/budget-path.ts';
import { becomeMember, isAlive } from '../../budget/member-lock.ts';
import type { Log } from '../../model/log.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { answered, laneRules } from '../support/lanes-under-test.ts';

const never = new AbortController().signal;

function openBudget(
  path: string,
  rules = laneRules({ limit: 4, windowMs: 400 }),
  { rejoinAfterMs }: { rejoinAfterMs?: number } = {},
) {
  const warnings: object[] = [];
  const log: Log = { info() {}, error() {}, warn: (fields) => warnings.push(fields) };
  const budget = new AccountBudget({
    path,
    rules: [rules],
    log,
    ...(rejoinAfterMs !== undefined && { rejoinAfterMs }),
  });
  return { budget, warnings, [Symbol.dispose]: () => budget.close() };
}

describe('the budget of an account', () => {
  it('is one for all that open the same file, and first come, first served in each process', async () => {
    await using folder = await temporaryFolder();
    const path = budgetPath(join(folder.path, 'state', 'budgets'), 'test', ['a secret']);
    using first = openBudget(path);
    using second = openBudget(path);
    expect([first.budget.scope, second.budget.scope]).toEqual([
      { kind: 'shared', path },
      { kind: 'shared', path },
    ]);
    const startedMs = performance.now();
    const served: string[] = [];
    const send = async (who: string, { budget }: typeof first): Promise<void> => {
      const slot = await budget.take('lane', 'bulk', never);
      served.push(who);
      slot.settle(answered);
    };
    const sent: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      sent.push(send(`first ${i}`, first));
      await sleep(5);
      sent.push(send(`second ${i}`, second));
      await sleep(5);
    }
    await Promise.all(sent);
    // Twelve of four a window: none before two windows have passed.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(800);
    for (const who of ['first', 'second']) {
      expect(served.filter((each) => each.startsWith(who))).toEqual([0, 1, 2, 3, 4, 5].map((i) => `${who} ${i}`));
    }
    expect((await stat(join(folder.path, 'state', 'budgets'))).mode & 0o777).toBe(0o700);
  });

  it('lets who gives up go, and those behind him wait for those before', async () => {
    await using folder = await temporaryFolder();
    using only = openBudget(join(folder.path, 'test.budget'), laneRules({ limit: 1, windowMs: 300 }));
    const inFlight = await only.budget.take('lane', 'bulk', never);
    const served: number[] = [];
    const first = only.budget.take('lane', 'bulk', never).then((slot) => served.push(1) && slot.settle(answered));
    const second = only.budget.take('lane', 'bulk', AbortSignal.timeout(50));
    const third = only.budget.take('lane', 'bulk', never).then((slot) => served.push(3) && slot.settle(answered));
    await expect(second).rejects.toThrow();
    inFlight.settle(answered);
    await Promise.all([first, third]);
    expect(served).toEqual([1, 3]);
  });

  it('leaves nothing behind but the file, and tells a process that is gone from one that is there', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    const member = becomeMember(path);
    expect([isAlive(path, member.id), isAlive(path, 'never-was')]).toEqual([true, false]);
    member.leave();
    expect(isAlive(path, member.id)).toBe(false);
    openBudget(path).budget.close();
    expect(await readdir(folder.path)).toEqual(['test.budget']);
  });

  it('takes a process that stands still for alive, until it is killed', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    const lock = new URL('../../budget/member-lock.ts', import.meta.url).href;
    const program = `import { becomeMember } from '${lock}'; process.send(becomeMember(process.argv[1]).id); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [id] = (await once(child, 'message')) as [string];
    child.kill('SIGSTOP');
    expect(isAlive(path, id)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(path, id)).toBe(false);
  });

  it('has nothing to say of requests that end after it is closed', async () => {
    await using folder = await temporaryFolder();
    const { budget, warnings } = openBudget(join(folder.path, 'test.budget'));
    const slot = await budget.take('lane', 'bulk', never);
    budget.close();
    slot.settle(answered);
    await expect(budget.take('lane', 'bulk', never)).rejects.toThrow('closed');
    expect(warnings).toEqual([]);
    using successor = openBudget(join(folder.path, 'test.budget'));
    expect(successor.budget.look('lane')?.used).toBe(1);
  });

  it('is kept by the process alone, with one warning, where the file cannot be used', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'no-folder'), '');
    await writeFile(
      join(folder.path, 'no-database.budget'),
      'something else that is no database, and long enough to tell',
    );
    for (const name of ['no-folder/test.budget', 'no-database.budget']) {
      using alone = openBudget(join(folder.path, name));
      expect(alone.budget.scope, name).toMatchObject({ kind: 'alone' });
      const slots = await Promise.all([1, 2, 3, 4].map(() => alone.budget.take('lane', 'bulk', never)));
      await expect(alone.budget.take('lane', 'bulk', AbortSignal.timeout(100)), name).rejects.toThrow();
      for (const slot of slots) slot.settle(answered);
      expect(alone.warnings, name).toEqual([{ path: join(folder.path, name), reason: expect.any(String) as string }]);
    }
  });

  it('goes on alone where the file is lost on the way', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    using shared = openBudget(path);
    const [slot, another] = [
      await shared.budget.take('lane', 'bulk', never),
      await shared.budget.take('lane', 'bulk', never),
    ];
    using other = new DatabaseSync(path);
    other.exec('DROP TABLE slot');
    slot.settle(answered);
    another.settle(answered);
    await shared.budget.take('lane', 'bulk', never);
    expect(shared.budget.scope.kind).toBe('alone');
    expect(shared.warnings).toHaveLength(1);
  });

  it('comes back to the file once it can be used, with what it has spent meanwhile', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    const rules = laneRules({ limit: 4, windowMs: 60_000 });
    await writeFile(path, 'something else that is no database, and long enough to tell');
    using lonely = openBudget(path, rules, { rejoinAfterMs: 0 });
    const take = async () => (await lonely.budget.take('lane', 'bulk', never)).settle(answered);
    await take();
    const inFlight = await lonely.budget.take('lane', 'bulk', never);
    expect(lonely.budget.scope.kind).toBe('alone');

    await rm(path);
    using other = openBudget(path, rules);
    await take();
    expect(lonely.budget.scope).toEqual({ kind: 'shared', path });
    inFlight.settle(answered);
    expect(other.budget.look('lane')?.used).toBe(3);
    await take();
    await expect(other.budget.take('lane', 'bulk', AbortSignal.timeout(100))).rejects.toThrow();
    expect(lonely.warnings).toHaveLength(1);
  });

  it('notices that the file was removed, and goes over to the one that others share by now', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    const rules = laneRules({ limit: 1_000, windowMs: 60_000 });
    using first = openBudget(path, rules, { rejoinAfterMs: 0 });
    const take = async () => (await first.budget.take('lane', 'bulk', never)).settle(answered);
    await take();
    for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
    using second = openBudget(path, rules);
    await eventually('they share it', async () => {
      await take();
      return first.warnings.length > 0 && first.budget.scope.kind === 'shared';
    });
    const used = second.budget.look('lane')!.used;
    await take();
    expect(second.budget.look('lane')!.used).toBe(used + 1);
    expect(first.warnings).toEqual([{ path, reason: 'the file was removed or replaced' }]);
  });

  it('lets a file that cannot be used be for a while before it tries again', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'test.budget');
    await writeFile(path, 'something else that is no database, and long enough to tell');
    using lonely = openBudget(path, laneRules(), { rejoinAfterMs: 60_000 });
    await rm(path);
    (await lonely.budget.take('lane', 'bulk', never)).settle(answered);
    expect(lonely.budget.scope.kind).toBe('alone');
    expect(await readdir(folder.path)).toEqual([]);
  });
});
