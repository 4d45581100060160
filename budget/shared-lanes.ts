import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decideTake, nextPaceAtMs, type Lane, type Line } from '../model/lane.ts';
import {
  distrusted,
  leadMsOf,
  leastRoundTripMs,
  noRoundTrips,
  withRoundTrip,
  type RoundTrips,
} from '../model/round-trips.ts';
import type { Traffic } from '../model/traffic.ts';
import type { LaneRules, RequestEnd } from './lane-rules.ts';

/** Who waits looks again within 50 ms; who was not seen for longer than this is passed over, and keeps his place. */
const waiterGoneMs = 120;
/** How long the server may yet count a request after its sender has given up, or died: it may be on its way. */
const onItsWayMs = 2_000;
/** Who sent a request that finds out what a window holds may stand still: after this long another one does. */
const probeGoneMs = 30_000;
/** By so much clocks of two processors may differ; what is further ahead is of before the machine was started. */
const aheadMs = 1_000;

export interface TakeRequest {
  readonly lane: string;
  readonly traffic: Traffic;
  /** When the request that waits longest in this process began to wait, and when the one after it did; null for none. */
  readonly sinceMs: number;
  readonly nextSinceMs: number | null;
}

export type TakeAnswer =
  { readonly kind: 'taken'; readonly slot: number } | { readonly kind: 'wait'; readonly untilMs: number | null };

/** Slots of a lane that are taken. */
export interface Spent {
  readonly lane: string;
  readonly traffic: Traffic;
  readonly slots: number;
}

export interface LaneLook {
  readonly limit: number;
  readonly isLimitTold: boolean;
  /** Slots taken by anybody. */
  readonly used: number;
  /** Null before there are enough to tell. */
  readonly leastRoundTripMs: number | null;
}

export interface SharedLanesOptions {
  readonly database: DatabaseSync;
  /** This process, among those that share the database. */
  readonly member: string;
  readonly rules: readonly LaneRules[];
  readonly nowMs: () => number;
  readonly isAlive: (member: string) => boolean;
}

interface LaneRow {
  readonly name: string;
  slot_limit: number;
  told_at: number | null;
  needs_probe: number;
  blocked_until: number;
  interactive: number;
  bulk: number;
  interactive_at: number | null;
  pace_at: number;
  least_trip: number | null;
  trips: number;
  is_trusted: number;
}

interface SlotRow {
  readonly lane: string;
  readonly traffic: Traffic;
  readonly used_then: number;
}

/**
 * N requests per rolling window for each limit of an account, kept by all processes in one place. A slot is free again one window
 * after its *response* arrived. The server counted that request somewhere between sending and response, so at no moment can it see
 * more than N in a window, whatever the latency and whoever sent it. What a process that died had in flight is taken until that is
 * known, and then for one more window.
 *
 * Each call is one short transaction, and throws `SQLITE_BUSY` where another process holds the file for longer.
 */
export class SharedLanes {
  readonly #options: SharedLanesOptions;
  readonly #rules: ReadonlyMap<string, LaneRules>;
  readonly #sql: ReturnType<typeof prepareAll>;
  /** Where this process stands in line. */
  readonly #standing = new Set<string>();

  constructor(options: SharedLanesOptions) {
    this.#options = options;
    this.#rules = new Map(options.rules.map((rules) => [rules.name, rules]));
    this.#sql = prepareAll(options.database);
    this.#join();
  }

  /** Takes a slot, or keeps a place in line. */
  tryTake(ask: TakeRequest): TakeAnswer {
    const { member, nowMs } = this.#options;
    const rules = this.#rulesOf(ask.lane);
    const { traffic } = ask;
    return this.#write((): TakeAnswer => {
      const now = nowMs();
      const { row, isFreed } = this.#load(rules, now);
      const lane = this.#laneOf(row, rules, now);
      const decision = decideTake(lane, { traffic, ownLimit: rules.ownLimit, line: this.#lineOf(ask, now) }, now);
      if (decision.kind === 'wait') {
        this.#stand(ask, ask.sinceMs, now);
        if (isFreed) this.#save(row, now);
        return decision;
      }
      if (traffic === 'interactive') row.interactive_at = now;
      else row.pace_at = nextPaceAtMs(lane, rules.ownLimit, now);
      row[traffic]++;
      const { lastInsertRowid } = this.#sql.take.run(ask.lane, traffic, member, row.interactive + row.bulk, now);
      if (ask.nextSinceMs === null) this.#step(ask);
      else this.#stand(ask, ask.nextSinceMs, now);
      this.#save(row, now);
      return { kind: 'taken', slot: Number(lastInsertRowid) };
    });
  }

  /** Gives up the place in line. */
  stopWaiting(ask: Pick<TakeRequest, 'lane' | 'traffic'>): void {
    this.#step(ask);
  }

  /** Ends a request, answered or given up, at the instant `atMs`: its slot stays taken for one more window. */
  settle(slot: number, { isAnswered, server, roundTripMs }: RequestEnd, atMs: number): void {
    this.#write(() => {
      const taken = this.#sql.slot.get(slot) as SlotRow | undefined;
      if (taken === undefined) return;
      const rules = this.#rulesOf(taken.lane);
      const { row } = this.#load(rules, atMs);
      if (rules.hasLead && roundTripMs !== null) setTrips(row, withRoundTrip(tripsOf(row), roundTripMs));
      // Of a request that was not served nothing tells how long ago it was counted, nor of one given up whether it is yet.
      const countedMs = isAnswered ? 0 : onItsWayMs;
      const leadMs = roundTripMs === null ? leadOf(row, rules) : 0;
      this.#sql.settle.run(atMs + countedMs + leadMs, slot);
      if (rules.isTold && isAnswered) {
        // What comes while all wait was sent before, and tells nothing of the window after.
        if (atMs >= row.blocked_until) row.needs_probe = 0;
        if (server !== null) {
          row.slot_limit = Math.max(1, Math.floor(server.limit));
          row.told_at = atMs;
          this.#observe(row, rules, { used: server.limit - server.remaining, usedThen: taken.used_then, atMs });
        }
      }
      this.#save(row, atMs);
    });
  }

  /** After a refusal a lane is full with what others sent, so a whole window has to pass. */
  block(lane: string, forMs: number): void {
    const rules = this.#rulesOf(lane);
    this.#write(() => {
      const now = this.#options.nowMs();
      const { row } = this.#load(rules, now);
      row.blocked_until = now + Math.max(forMs, rules.windowMs);
      if (rules.isTold) row.needs_probe = 1;
      if (rules.hasLead) setTrips(row, distrusted(tripsOf(row)));
      this.#save(row, now);
    });
  }

  look(lane: string): LaneLook {
    const rules = this.#rulesOf(lane);
    const now = this.#options.nowMs();
    const row = this.#sql.lane.get(lane) as unknown as LaneRow;
    const gone = this.#sql.countExpired.get(lane, now - rules.windowMs + leadOf(row, rules)) as { slots: number };
    return {
      limit: row.slot_limit,
      isLimitTold: row.told_at !== null,
      used: row.interactive + row.bulk - gone.slots + this.#foreignOf(lane, now).slots,
      leastRoundTripMs: leastRoundTripMs(tripsOf(row)),
    };
  }

  /** What is taken of lanes that no answer tells of. */
  spentUntold(): Spent[] {
    const now = this.#options.nowMs();
    return [...this.#rules.values()].flatMap((rules) => {
      if (rules.isTold) return [];
      const { row } = this.#write(() => {
        const loaded = this.#load(rules, now);
        if (loaded.isFreed) this.#save(loaded.row, now);
        return loaded;
      });
      return (['interactive', 'bulk'] as const).map((traffic) => ({ lane: row.name, traffic, slots: row[traffic] }));
    });
  }

  /** Counts what this process has spent elsewhere, as if it all ended now. */
  addSpent(spent: readonly Spent[]): void {
    const { member, nowMs } = this.#options;
    for (const { lane, traffic, slots } of spent) {
      if (slots === 0) continue;
      this.#write(() => {
        const now = nowMs();
        const { row } = this.#load(this.#rulesOf(lane), now);
        for (let i = 0; i < slots; i++) {
          row[traffic]++;
          const { lastInsertRowid } = this.#sql.take.run(lane, traffic, member, row.interactive + row.bulk, now);
          this.#sql.settle.run(now, lastInsertRowid);
        }
        this.#save(row, now);
      });
    }
  }

  /** Settles what members that died had in flight. */
  settleDead(): void {
    const { member, nowMs } = this.#options;
    const others = this.#sql.othersInFlight.all(member) as { member: string }[];
    for (const other of others) if (!this.#options.isAlive(other.member)) this.#bury(other.member, nowMs());
  }

  /** Settles what this process still had in flight, and is no member any more. */
  leave(): void {
    this.#bury(this.#options.member, this.#options.nowMs());
  }

  /** What is of before the machine was started says nothing; what no process stands for is settled. */
  #join(): void {
    const { member, rules, nowMs } = this.#options;
    const members = this.#sql.members.all() as { id: string }[];
    const dead = members.filter(({ id }) => !this.#options.isAlive(id));
    const now = nowMs();
    for (const { id } of dead) this.#bury(id, now);
    this.#write(() => {
      const { touched } = this.#sql.lastTouched.get() as { touched: number | null };
      if (touched !== null && touched > now + aheadMs) for (const empty of this.#sql.empty) empty.run();
      this.#sql.join.run(member);
      for (const { name, limit, windowMs, isTold } of rules) {
        this.#sql.addLane.run(name, limit, isTold ? 1 : 0, now);
        const row = this.#sql.lane.get(name) as unknown as LaneRow;
        // Another day's way may have been another way.
        if (dead.length === members.length) setTrips(row, noRoundTrips);
        if (isTold && (row.told_at === null || row.told_at <= now - windowMs)) row.needs_probe = 1;
        this.#save(row, now);
      }
    });
  }

  #bury(dead: string, atMs: number): void {
    this.#write(() => {
      this.#sql.settleAll.run(atMs + onItsWayMs, dead);
      this.#sql.stopAllWaiting.run(dead);
      this.#sql.part.run(dead);
    });
  }

  #stand({ lane, traffic }: TakeRequest, sinceMs: number, now: number): void {
    this.#sql.wait.run(lane, traffic, this.#options.member, sinceMs, now);
    this.#standing.add(`${lane} ${traffic}`);
  }

  #step({ lane, traffic }: Pick<TakeRequest, 'lane' | 'traffic'>): void {
    const place = `${lane} ${traffic}`;
    if (!this.#standing.has(place)) return;
    this.#sql.stopWaiting.run(lane, traffic, this.#options.member);
    this.#standing.delete(place);
  }

  /** A lane's row without the slots that are free again: where there are any, it has to be saved. */
  #load({ name, windowMs, hasLead }: LaneRules, now: number): { row: LaneRow; isFreed: boolean } {
    const row = this.#sql.lane.get(name) as unknown as LaneRow;
    const freed = this.#sql.free.all(name, now - windowMs + leadOf(row, { hasLead })) as { traffic: Traffic }[];
    for (const { traffic } of freed) row[traffic]--;
    return { row, isFreed: freed.length > 0 };
  }

  #save(row: LaneRow, now: number): void {
    this.#sql.saveLane.run(
      row.slot_limit,
      row.told_at,
      row.needs_probe,
      row.blocked_until,
      row.interactive,
      row.bulk,
      row.interactive_at,
      row.pace_at,
      row.least_trip,
      row.trips,
      row.is_trusted,
      now,
      row.name,
    );
  }

  #laneOf(row: LaneRow, rules: LaneRules, now: number): Lane {
    const foreign = this.#foreignOf(row.name, now);
    const nextFreeAtMs = (): number | null => {
      const { first } = this.#sql.firstSettled.get(row.name) as { first: number | null };
      const ownFreeAtMs = first === null ? Infinity : first + rules.windowMs - leadOf(row, rules);
      const nextMs = Math.min(ownFreeAtMs, foreign.untilMs);
      return nextMs === Infinity ? null : nextMs;
    };
    const isProbing = (): boolean => this.#sql.inFlightSince.get(row.name, now - probeGoneMs) !== undefined;
    return {
      limit: row.slot_limit,
      windowMs: rules.windowMs,
      used: { interactive: row.interactive, bulk: row.bulk },
      get isProbing() {
        return isProbing();
      },
      foreign: foreign.slots,
      needsProbe: row.needs_probe === 1,
      blockedUntilMs: row.blocked_until,
      interactiveAtMs: row.interactive_at,
      paceAtMs: row.pace_at,
      // Of no interest to who takes a slot.
      get nextFreeAtMs() {
        return nextFreeAtMs();
      },
    };
  }

  #lineOf({ lane, traffic, sinceMs }: TakeRequest, now: number): Line {
    const { member } = this.#options;
    const others = this.#sql.line.all(lane, now - waiterGoneMs) as {
      traffic: Traffic;
      member: string;
      since: number;
    }[];
    return {
      isBehind: others.some((other) => other.traffic === traffic && other.member !== member && other.since < sinceMs),
      otherWaits: others.some((other) => other.traffic !== traffic),
    };
  }

  /**
   * Takes what the server says is used into account: what we cannot explain was spent by somebody else, who is taken to go on
   * like that for a window. The most seen within one counts, since a request of ours still on its way to the server hides one
   * of theirs. What was ours when the request was sent, and is free by now, the server may still have counted.
   */
  #observe(
    row: LaneRow,
    { windowMs }: LaneRules,
    { used, usedThen, atMs }: { used: number; usedThen: number; atMs: number },
  ): void {
    const slots = Math.min(used, row.slot_limit) - Math.max(usedThen, row.interactive + row.bulk);
    if (slots <= 0) return;
    this.#sql.forgetForeign.run(row.name, atMs, slots);
    this.#sql.addForeign.run(row.name, slots, atMs + windowMs);
  }

  #foreignOf(lane: string, now: number): { slots: number; untilMs: number } {
    const found = this.#sql.foreign.get(lane, now) as { slots: number; until_at: number } | undefined;
    return { slots: found?.slots ?? 0, untilMs: found?.until_at ?? Infinity };
  }

  #rulesOf(lane: string): LaneRules {
    const rules = this.#rules.get(lane);
    if (rules === undefined) throw new Error(`no lane ${lane}`);
    return rules;
  }

  #write<T>(work: () => T): T {
    this.#sql.begin.run();
    try {
      const result = work();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      // A full disk has rolled back by itself.
      if (this.#options.database.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }
}

function tripsOf({ least_trip: leastMs, trips: seen, is_trusted: isTrusted }: LaneRow): RoundTrips {
  return { leastMs, seen, isTrusted: isTrusted === 1 };
}

function setTrips(row: LaneRow, { leastMs, seen, isTrusted }: RoundTrips): void {
  row.least_trip = leastMs;
  row.trips = seen;
  row.is_trusted = isTrusted ? 1 : 0;
}

function leadOf(row: LaneRow, { hasLead }: Pick<LaneRules, 'hasLead'>): number {
  return hasLead ? leadMsOf(tripsOf(row)) : 0;
}

function prepareAll(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    begin: sql('BEGIN IMMEDIATE'),
    commit: sql('COMMIT'),
    rollback: sql('ROLLBACK'),
    members: sql('SELECT id FROM member'),
    join: sql('INSERT OR IGNORE INTO member (id) VALUES (?)'),
    part: sql('DELETE FROM member WHERE id = ?'),
    lane: sql('SELECT * FROM lane WHERE name = ?'),
    lastTouched: sql('SELECT max(touched_at) AS touched FROM lane'),
    addLane: sql(
      `INSERT OR IGNORE INTO lane
       VALUES (?, ?, NULL, ?, 0, 0, 0, NULL, 0, NULL, 0, 1, ?)`,
    ),
    saveLane: sql(
      `UPDATE lane SET slot_limit = ?, told_at = ?, needs_probe = ?, blocked_until = ?, interactive = ?, bulk = ?,
         interactive_at = ?, pace_at = ?, least_trip = ?, trips = ?, is_trusted = ?, touched_at = ?
       WHERE name = ?`,
    ),
    slot: sql('SELECT lane, traffic, used_then FROM slot WHERE id = ?'),
    take: sql('INSERT INTO slot (lane, traffic, member, used_then, taken_at) VALUES (?, ?, ?, ?, ?)'),
    inFlightSince: sql('SELECT 1 FROM slot WHERE lane = ? AND settled_at IS NULL AND taken_at > ? LIMIT 1'),
    settle: sql('UPDATE slot SET settled_at = ? WHERE id = ?'),
    settleAll: sql('UPDATE slot SET settled_at = ? WHERE member = ? AND settled_at IS NULL'),
    free: sql('DELETE FROM slot WHERE lane = ? AND settled_at <= ? RETURNING traffic'),
    countExpired: sql('SELECT count(*) AS slots FROM slot WHERE lane = ? AND settled_at <= ?'),
    firstSettled: sql('SELECT min(settled_at) AS first FROM slot WHERE lane = ? AND settled_at IS NOT NULL'),
    othersInFlight: sql('SELECT DISTINCT member FROM slot WHERE settled_at IS NULL AND member <> ?'),
    line: sql('SELECT traffic, member, since FROM waiter WHERE lane = ? AND seen_at > ?'),
    wait: sql('INSERT OR REPLACE INTO waiter (lane, traffic, member, since, seen_at) VALUES (?, ?, ?, ?, ?)'),
    stopWaiting: sql('DELETE FROM waiter WHERE lane = ? AND traffic = ? AND member = ?'),
    stopAllWaiting: sql('DELETE FROM waiter WHERE member = ?'),
    foreign: sql(
      'SELECT slots, until_at FROM foreign_use WHERE lane = ? AND until_at > ? ORDER BY slots DESC, until_at DESC LIMIT 1',
    ),
    forgetForeign: sql('DELETE FROM foreign_use WHERE lane = ? AND (until_at <= ? OR slots <= ?)'),
    addForeign: sql('INSERT INTO foreign_use (lane, slots, until_at) VALUES (?, ?, ?)'),
    empty: ['lane', 'slot', 'foreign_use', 'waiter', 'member'].map((table) => sql(`DELETE FROM ${table}`)),
  };
}
