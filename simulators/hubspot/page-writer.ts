import { crc32 } from 'node:zlib';

import { FixedDeflate, shortestMatch, windowBytes } from './fixed-deflate.ts';
import type { PropertySpec } from './property.ts';
import type { Piece, RecordLayout, Slot } from './record-layout.ts';
import { variantCount } from './record-values.ts';
import type { RecordView } from './record-view.ts';

export type Encoding = 'gzip' | 'identity';

/** Where the slots of one layout were last written: positions that count on from page to page. */
interface Written {
  readonly slots: Float64Array;
  /** By slot and number of the pooled value. */
  readonly values: Float64Array;
}

const never = -Infinity;

/**
 * Writes records as text and, at the same time, as gzip: every slot is a match with the same slot of an earlier record,
 * so nothing is searched for. One writer makes one body at a time and keeps its buffers for the next.
 */
export class PageWriter {
  readonly #deflate = new FixedDeflate();
  #bytes = Buffer.allocUnsafe(1 << 18);
  #at = 0;
  #isGzip = false;
  /** Far enough after the last page that what it wrote is out of reach. */
  #pageStart = 0;
  readonly #written = new WeakMap<RecordLayout, Written>();

  begin(encoding: Encoding): void {
    this.#pageStart += this.#at + windowBytes;
    this.#at = 0;
    this.#isGzip = encoding === 'gzip';
    if (this.#isGzip) this.#deflate.begin();
  }

  text(text: string): void {
    const from = this.#at;
    this.#append(text);
    this.#literals(from);
  }

  record(layout: RecordLayout, view: RecordView): void {
    const written = this.#writtenOf(layout);
    const { values } = layout;
    const facts = values.facts(view);
    const isSpecial = values.isSpecial(view.index);
    for (const part of layout.parts) {
      switch (part.kind) {
        case 'cell':
          this.#cell(layout, written, { slot: part.slot, value: part.value(view, facts) });
          break;
        case 'own': {
          const isMade = !isSpecial && view.values === null;
          const raw = isMade ? part.make(facts) : values.raw(part.spec, view, facts);
          this.#cell(layout, written, { slot: part.slot, value: layout.valueText(part.spec, raw) });
          break;
        }
        case 'pooled':
          if (!isSpecial && !hasAny(view.values, part.specs)) {
            this.#piece(layout, written, { firstSlot: part.slot, piece: layout.piece(part, view.index) });
            break;
          }
          part.specs.forEach((spec, i) => {
            const raw = values.raw(spec, view, facts);
            this.#cell(layout, written, { slot: part.slot + i, value: layout.valueText(spec, raw) });
          });
          break;
        default:
          part satisfies never;
      }
    }
    const from = this.#at;
    this.#appendBytes(layout.close);
    this.#literals(from);
  }

  /** The body since `begin`, and its size before compression. */
  end(): { body: Buffer; sizeBytes: number } {
    const text = this.#bytes.subarray(0, this.#at);
    const sizeBytes = this.#at;
    if (!this.#isGzip) return { body: Buffer.from(text), sizeBytes };
    return { body: this.#deflate.end({ crc32: crc32(text), sizeBytes }), sizeBytes };
  }

  #cell(layout: RecordLayout, written: Written, cell: { slot: number; value: string }): void {
    const start = this.#at;
    const slot = layout.slots[cell.slot] as Slot;
    this.#appendBytes(slot.beforeBytes);
    const valueStart = this.#at;
    this.#append(cell.value);
    if (this.#isGzip) this.#compressCell(written, { slot: cell.slot, start, valueStart, end: this.#at });
  }

  #piece(layout: RecordLayout, written: Written, { firstSlot, piece }: { firstSlot: number; piece: Piece }): void {
    let start = this.#at;
    const pieceStart = start;
    this.#appendBytes(piece.bytes);
    if (!this.#isGzip) return;
    const { ends, valueNumbers } = piece;
    for (let i = 0; i < ends.length; i++) {
      const slot = firstSlot + i;
      const end = pieceStart + (ends[i] as number);
      const value = slot * variantCount + (valueNumbers[i] as number);
      const position = this.#pageStart + start;
      const distance = position - (written.values[value] as number);
      written.values[value] = position;
      if (distance <= windowBytes) {
        this.#deflate.match(end - start, distance);
        written.slots[slot] = position;
      } else {
        const valueStart = start + (layout.slots[slot] as Slot).beforeBytes.length;
        this.#compressCell(written, { slot, start, valueStart, end });
      }
      start = end;
    }
  }

  /** The text before the value is the same in every record; the value is not looked for. */
  #compressCell(written: Written, cell: { slot: number; start: number; valueStart: number; end: number }): void {
    const { slot, start, valueStart, end } = cell;
    const position = this.#pageStart + start;
    const distance = position - (written.slots[slot] as number);
    written.slots[slot] = position;
    if (distance > windowBytes || valueStart - start < shortestMatch) {
      this.#deflate.literals(this.#bytes, start, end);
      return;
    }
    this.#deflate.match(valueStart - start, distance);
    this.#deflate.literals(this.#bytes, valueStart, end);
  }

  #writtenOf(layout: RecordLayout): Written {
    let written = this.#written.get(layout);
    if (written === undefined) {
      const slotCount = layout.slots.length;
      written = {
        slots: new Float64Array(slotCount).fill(never),
        values: new Float64Array(slotCount * variantCount).fill(never),
      };
      this.#written.set(layout, written);
    }
    return written;
  }

  #literals(from: number): void {
    if (this.#isGzip) this.#deflate.literals(this.#bytes, from, this.#at);
  }

  #append(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #appendBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

function hasAny(values: RecordView['values'], specs: readonly PropertySpec[]): boolean {
  return values !== null && specs.some((spec) => values.has(spec.name));
}
