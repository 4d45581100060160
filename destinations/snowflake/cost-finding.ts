import type { Finding } from '../../model/finding.ts';
import { writtenName } from './identifiers.ts';
import { creditsPerDay, creditsPerHour, creditsText, type Warehouse } from './warehouse-cost.ts';

/** Snowflake bills a minute for each start, so a shorter one saves little. */
const shortestSuspendSeconds = 60;
const longerGapMs = 15 * 60_000;
/** Of what the warehouse would cost if it never stopped. */
const dearShare = 0.25;
/** A change is worth a line where it saves this much. */
const worthwhile = 0.8;

/** What incremental runs by schedule may cost, with what would make it less; null where there is nothing to say. */
export function costFinding(warehouse: Warehouse, gapsMs: readonly number[]): Finding | null {
  const now = creditsPerDay(warehouse, gapsMs);
  const perHour = creditsPerHour(warehouse.size);
  if (now === null || perHour === null || gapsMs.length === 0) return null;
  const { name, size, autoSuspendSeconds } = warehouse;
  const suspends =
    autoSuspendSeconds === null ? 'never suspends itself' : `suspends itself after ${autoSuspendSeconds} s`;
  const next = cheaper(warehouse, gapsMs, now);
  return {
    subject: `cost of warehouse ${name}`,
    status: now > dearShare * 24 * perHour && next !== null ? 'warning' : 'ok',
    text:
      `${size} (${perHour} ${perHour === 1 ? 'credit' : 'credits'} an hour) ${suspends}: ` +
      `incremental runs every ${gapText(Math.min(...gapsMs))} cost up to ${creditsText(now)} credits a day, ` +
      'where each of them finds changes; those that find none cost nothing',
    next,
    kind: null,
  };
}

function cheaper(warehouse: Warehouse, gapsMs: readonly number[], now: number): string | null {
  const { name, autoSuspendSeconds } = warehouse;
  const suspending = {
    ...warehouse,
    autoSuspendSeconds: Math.min(autoSuspendSeconds ?? Infinity, shortestSuspendSeconds),
  };
  const sooner = creditsPerDay(suspending, gapsMs)!;
  const seldom = creditsPerDay(
    suspending,
    gapsMs.map((gapMs) => Math.max(gapMs, longerGapMs)),
  )!;
  const fixes: string[] = [];
  if (sooner < now * worthwhile || autoSuspendSeconds === null) {
    const set = `ALTER WAREHOUSE ${writtenName(name)} SET AUTO_SUSPEND = ${shortestSuspendSeconds}`;
    fixes.push(`${set} makes it up to ${creditsText(sooner)}`);
  }
  if (seldom < sooner * worthwhile) {
    fixes.push(`schedules.incremental: ${gapText(longerGapMs)} makes it up to ${creditsText(seldom)}`);
  }
  return fixes.length === 0 ? null : fixes.join('; ');
}

function gapText(gapMs: number): string {
  const seconds = Math.round(gapMs / 1_000);
  return seconds % 60 === 0 && seconds > 120 ? `${seconds / 60}m` : `${seconds}s`;
}
