import type { Catalogue } from './catalogue.ts';
import type { PropertySpec, RecordFacts } from './property.ts';
import type { RecordValues } from './record-values.ts';
import { variantCount } from './record-values.ts';
import type { RecordView } from './record-view.ts';

/** A part of every record that is no property: the text before it and how its value is written. */
export interface EnvelopeCell {
  readonly before: string;
  readonly value: (view: RecordView, facts: RecordFacts) => string;
}

/** A fixed text and the value that follows it. Slots are numbered through a layout. */
export interface Slot {
  readonly before: string;
  readonly beforeBytes: Buffer;
}

/** Some consecutive slots of one variant, ready to copy. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Where each slot's text ends. */
  readonly ends: readonly number[];
  /** Each slot's pooled values are numbered from 0, below the number of variants. */
  readonly valueNumbers: readonly number[];
}

export type LayoutPart =
  | { readonly kind: 'cell'; readonly slot: number; readonly value: (view: RecordView, facts: RecordFacts) => string }
  | {
      readonly kind: 'own';
      readonly slot: number;
      readonly spec: PropertySpec;
      readonly make: (facts: RecordFacts) => string | null;
    }
  | {
      readonly kind: 'pooled';
      readonly slot: number;
      readonly specs: readonly PropertySpec[];
      readonly variantSeed: number;
    };

export interface RecordLayoutOptions {
  readonly catalogue: Catalogue;
  readonly values: RecordValues;
  readonly specs: readonly PropertySpec[];
  readonly head: readonly EnvelopeCell[];
  /** Between the head and the first property. */
  readonly open: string;
  readonly nameOf: (spec: PropertySpec) => string;
  readonly writeValue: (spec: PropertySpec, raw: string | null) => string;
  readonly tail: readonly EnvelopeCell[];
  readonly close: string;
}

/** How records of one type are written with one list of properties: a row of slots, and the pieces made so far. */
export class RecordLayout {
  readonly values: RecordValues;
  readonly slots: readonly Slot[];
  readonly parts: readonly LayoutPart[];
  readonly close: Buffer;
  readonly #writeValue: RecordLayoutOptions['writeValue'];
  readonly #pieces = new Map<LayoutPart, (Piece | undefined)[]>();
  readonly #valueNumbers: readonly Map<string, number>[];

  constructor(options: RecordLayoutOptions) {
    const { specs, head, tail, nameOf, catalogue } = options;
    this.values = options.values;
    this.#writeValue = options.writeValue;
    this.close = Buffer.from(options.close);
    const befores = [
      ...head.map((cell) => cell.before),
      ...specs.map((spec, i) => `${i === 0 ? options.open : ','}${JSON.stringify(nameOf(spec))}:`),
      ...tail.map((cell, i) => (i === 0 && specs.length === 0 ? options.open : '') + cell.before),
    ];
    this.slots = befores.map((before) => ({ before, beforeBytes: Buffer.from(before) }));
    this.#valueNumbers = befores.map(() => new Map());
    const cellAt = (offset: number) => (cell: EnvelopeCell, i: number) =>
      ({ kind: 'cell', slot: offset + i, value: cell.value }) as const;
    this.parts = [
      ...head.map(cellAt(0)),
      ...propertyParts(catalogue, specs, head.length),
      ...tail.map(cellAt(head.length + specs.length)),
    ];
  }

  valueText(spec: PropertySpec, raw: string | null): string {
    return this.#writeValue(spec, raw);
  }

  piece(part: Extract<LayoutPart, { kind: 'pooled' }>, index: number): Piece {
    const variant = this.values.variant(index, part.variantSeed);
    let pieces = this.#pieces.get(part);
    if (pieces === undefined) {
      pieces = Array.from({ length: variantCount });
      this.#pieces.set(part, pieces);
    }
    return (pieces[variant] ??= this.#makePiece(part, variant));
  }

  #makePiece(part: Extract<LayoutPart, { kind: 'pooled' }>, variant: number): Piece {
    const ends: number[] = [];
    const valueNumbers: number[] = [];
    let text = '';
    let sizeBytes = 0;
    part.specs.forEach((spec, i) => {
      const slot = part.slot + i;
      const value = this.#writeValue(spec, this.values.pooled(spec, variant));
      const cell = (this.slots[slot]?.before ?? '') + value;
      text += cell;
      sizeBytes += Buffer.byteLength(cell);
      ends.push(sizeBytes);
      valueNumbers.push(this.#valueNumber(slot, value));
    });
    return { bytes: Buffer.from(text), ends, valueNumbers };
  }

  #valueNumber(slot: number, value: string): number {
    const numbers = this.#valueNumbers[slot] as Map<string, number>;
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, numbers.size);
    return numbers.size - 1;
  }
}

function propertyParts(catalogue: Catalogue, specs: readonly PropertySpec[], firstSlot: number): LayoutPart[] {
  const parts: (LayoutPart & { specs?: PropertySpec[] })[] = [];
  specs.forEach((spec, i) => {
    const slot = firstSlot + i;
    if (spec.source.kind === 'own') {
      parts.push({ kind: 'own', slot, spec, make: spec.source.make });
      return;
    }
    const variantSeed = catalogue.variantSeed(spec);
    const last = parts.at(-1);
    if (last?.kind === 'pooled' && last.variantSeed === variantSeed) last.specs.push(spec);
    else parts.push({ kind: 'pooled', slot, specs: [spec], variantSeed });
  });
  return parts;
}
