import { describe, expect, it } from 'vitest';
import {
  buildAddWide,
  buildColumnStep,
  buildFillWide,
  type ColumnStep,
  settleColumns,
  swapSteps,
} from '../../destinations/snowflake/column-steps.ts';
import { columnTypeFor } from '../../destinations/snowflake/column-types.ts';
import { withinTransaction } from '../../destinations/snowflake/within-transaction.ts';
import type { WidenedColumn } from '../../model/fit-plan.ts';

const hostile = 'we"ird; drop';
const table = { schema: 'crm', table: `t "${hostile}` };
const visits: WidenedColumn = { name: 'visits', from: 'decimal', to: 'text' };
const [narrowType, wideType] = [columnTypeFor('decimal'), columnTypeFor('text')];

/** A table of one column, as far as widening it goes: types by name, and which columns hold the values. */
interface Model {
  readonly types: Map<string, string>;
  readonly filled: Set<string>;
}

type Action = ColumnStep | { readonly kind: 'add' | 'fill' };

const widening: readonly Action[] = [{ kind: 'add' }, { kind: 'fill' }, ...swapSteps(visits)];
const wide = '_sluice_wide_visits';

const asItWas = (): Model => ({ types: new Map([['visits', narrowType]]), filled: new Set(['visits']) });

/** Throws where Snowflake would. */
function apply({ types, filled }: Model, action: Action): void {
  switch (action.kind) {
    case 'add':
      if (!types.has(wide)) types.set(wide, wideType);
      return;
    case 'fill':
      if (!types.has('visits') || !types.has(wide)) throw new Error('invalid identifier');
      if (filled.has('visits')) filled.add(wide);
      return;
    case 'drop':
      types.delete(action.name);
      filled.delete(action.name);
      return;
    case 'rename': {
      const { from, to } = action;
      if (!types.has(from) || types.has(to)) throw new Error('invalid identifier');
      types.set(to, types.get(from)!);
      types.delete(from);
      if (filled.delete(from)) filled.add(to);
    }
  }
}

/** One attempt from what is there; `between` is told before each of its statements. Throws where one fails. */
function attempt(model: Model, between: () => void = () => undefined): void {
  const { steps, types } = settleColumns(model.types);
  const rest = types.get('visits') === wideType ? [] : widening;
  for (const action of [...steps, ...rest]) {
    between();
    apply(model, action);
  }
}

const done = { types: new Map([['visits', wideType]]), filled: new Set(['visits']) };

describe('widening a column', () => {
  it('keeps its values, whichever statement is the last of an attempt', () => {
    for (let reached = 0; reached <= widening.length; reached++) {
      const model = asItWas();
      for (const action of widening.slice(0, reached)) apply(model, action);
      const { steps, types } = settleColumns(model.types);
      for (const step of steps) apply(model, step);
      expect([...model.types], `after ${reached}`).toEqual([...types]);
      expect(model.filled.has('visits'), `after ${reached}`).toBe(true);
      attempt(model);
      expect(model, `after ${reached}`).toEqual(done);
    }
  });

  it('keeps them where a statement of an attempt that was given up arrives late', () => {
    for (let reached = 0; reached < widening.length; reached++) {
      const late = widening[reached]!;
      // Filling asks the fence first, within its transaction.
      if (late.kind === 'fill') continue;
      for (let at = 0; at < 9; at++) {
        const model = asItWas();
        for (const action of widening.slice(0, reached)) apply(model, action);
        let statements = 0;
        const arrives = () => {
          if (statements++ !== at) return;
          try {
            apply(model, late);
          } catch {
            // Snowflake refuses it.
          }
        };
        for (let attempts = 0; attempts < 5; attempts++) {
          try {
            attempt(model, arrives);
          } catch {
            continue;
          }
        }
        arrives();
        attempt(model);
        expect(model, `${late.kind} at ${at}, after ${reached}`).toEqual(done);
      }
    }
  });

  it('leaves other columns alone', () => {
    const present = new Map([
      ['id', 'NUMBER(38,0)'],
      ['wide_visits', wideType],
    ]);
    expect(settleColumns(present)).toEqual({ steps: [], types: present });
  });

  it('is spelled with quotes', () => {
    const column: WidenedColumn = { name: hostile, from: 'integer', to: 'decimal' };
    const name = '"CRM"."T ""WE""IRD; DROP"';
    expect(buildAddWide(table, column).sql).toBe(
      `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS "_SLUICE_WIDE_WE""IRD; DROP" NUMBER(38,9)`,
    );
    expect(buildFillWide(table, [column, visits]).sql).toBe(
      `UPDATE ${name} SET "_SLUICE_WIDE_WE""IRD; DROP" = "WE""IRD; DROP"::NUMBER(38,9), ` +
        `"_SLUICE_WIDE_VISITS" = REGEXP_REPLACE(TO_VARCHAR("VISITS"), '[.]?0*$', '') ` +
        `WHERE ("WE""IRD; DROP" IS NOT NULL OR "VISITS" IS NOT NULL) AND ${withinTransaction}`,
    );
    expect(swapSteps(column).map((step) => buildColumnStep(table, step).sql)).toEqual([
      `ALTER TABLE ${name} RENAME COLUMN "WE""IRD; DROP" TO "_SLUICE_NARROW_WE""IRD; DROP"`,
      `ALTER TABLE ${name} RENAME COLUMN "_SLUICE_WIDE_WE""IRD; DROP" TO "WE""IRD; DROP"`,
      `ALTER TABLE ${name} DROP COLUMN IF EXISTS "_SLUICE_NARROW_WE""IRD; DROP"`,
    ]);
  });
});
