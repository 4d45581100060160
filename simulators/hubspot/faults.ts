import type { ObjectType } from './object-types.ts';
import type { LimitPolicy } from './request-limits.ts';
import type { RouteKind } from './routes.ts';
import type { Random } from './seeded-random.ts';
import { createRandom } from './seeded-random.ts';

/** Answers given in place of the real one. */
export const answerFaults = [
  'rateLimited',
  'locked',
  'migrating',
  'serverError',
  'badGateway',
  'gatewayTimeout',
  'originTimeout',
  'unauthorized',
  'forbidden',
  'emptyBody',
] as const;

/** Ways in which the real answer does not arrive whole. */
export const deliveryFaults = ['reset', 'truncatedJson', 'truncatedGzip', 'hang', 'slowBody'] as const;

export type AnswerFault = (typeof answerFaults)[number];
export type DeliveryFault = (typeof deliveryFaults)[number];

export interface FaultRule {
  readonly kind: AnswerFault | DeliveryFault;
  /** How many matching requests it strikes; all of them where absent. */
  readonly count?: number;
  /** Of a matching request being struck, 0 to 1; 1 where absent. */
  readonly probability?: number;
  readonly seed?: number;
  readonly match?: {
    readonly route?: RouteKind;
    readonly type?: ObjectType;
    /** The list's `after`; "" is the first page. */
    readonly after?: string;
    readonly urlIncludes?: string;
  };
  /** Of `migrating`; 5 where absent. */
  readonly retryAfterSeconds?: number;
  /** Of `rateLimited`; `TEN_SECONDLY_ROLLING` where absent. */
  readonly policy?: LimitPolicy;
  /** Of `slowBody`; 3,000 where absent. */
  readonly durationMs?: number;
}

export interface FaultTarget {
  readonly route: RouteKind;
  readonly type: ObjectType | null;
  readonly after: string;
  readonly url: string;
}

interface ActiveRule {
  readonly id: number;
  readonly rule: FaultRule;
  readonly random: Random;
  left: number;
  struck: number;
}

/** The faults in force. Of the rules that match a request, the earliest that strikes wins. */
export class Faults {
  #rules: ActiveRule[] = [];
  #nextId = 1;

  /** The rule's id. Throws `RangeError` on an unknown kind. */
  add(rule: FaultRule): number {
    if (![...answerFaults, ...deliveryFaults].includes(rule.kind)) throw new RangeError(`no fault ${rule.kind}`);
    const id = this.#nextId++;
    const random = createRandom(rule.seed ?? id);
    this.#rules.push({ id, rule, random, left: rule.count ?? Infinity, struck: 0 });
    return id;
  }

  clear(): void {
    this.#rules = [];
  }

  list(): (FaultRule & { readonly id: number; readonly struck: number })[] {
    return this.#rules.map(({ id, rule, struck }) => ({ ...rule, id, struck }));
  }

  strike(target: FaultTarget): FaultRule | null {
    for (const active of this.#rules) {
      if (active.left <= 0 || !isMatch(active.rule, target)) continue;
      if (!active.random.chance(active.rule.probability ?? 1)) continue;
      active.left -= 1;
      active.struck += 1;
      return active.rule;
    }
    return null;
  }
}

function isMatch({ match = {} }: FaultRule, target: FaultTarget): boolean {
  if (match.route !== undefined && match.route !== target.route) return false;
  if (match.type !== undefined && match.type !== target.type) return false;
  if (match.after !== undefined && match.after !== target.after) return false;
  return match.urlIncludes === undefined || target.url.includes(match.urlIncludes);
}

export function isDeliveryFault(kind: FaultRule['kind']): kind is DeliveryFault {
  return deliveryFaults.some((fault) => fault === kind);
}
