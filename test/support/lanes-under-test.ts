import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBudgetFile } from '../../budget/budget-file.ts';
import type { LaneRules, RequestEnd } from '../../budget/lane-rules.ts';
import { SharedLanes } from '../../budget/shared-lanes.ts';

/** Processes that share lanes by one file, as far as the lanes can tell; time is what the test says. */
export interface LanesUnderTest extends Disposable {
  nowMs: number;
  join(): { readonly lanes: SharedLanes; readonly name: string };
  /** Ends a member as a kill does. */
  kill(name: string): void;
}

export const answered: RequestEnd = { isAnswered: true, server: null, roundTripMs: 1 };

export function laneRules(rules: Partial<LaneRules> = {}): LaneRules {
  return { name: 'lane', windowMs: 10_000, limit: 10, ownLimit: Infinity, isTold: false, hasLead: false, ...rules };
}

export function openLanes(rules: LaneRules, startMs = 0): LanesUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lanes-'));
  const dead = new Set<string>();
  const closing = new DisposableStack();
  let members = 0;
  const world: LanesUnderTest = {
    nowMs: startMs,
    join() {
      const name = `m${members++}`;
      const database = closing.use(openBudgetFile(join(folder, 'test.budget')));
      const lanes = new SharedLanes({
        database,
        member: name,
        rules: [rules],
        nowMs: () => world.nowMs,
        isAlive: (id) => !dead.has(id),
      });
      return { lanes, name };
    },
    kill: (name) => dead.add(name),
    [Symbol.dispose]() {
      closing.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
