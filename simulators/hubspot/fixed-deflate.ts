/** RFC 1951's fixed Huffman codes, least significant bit first as the stream wants them, with their extra bits joined. */
interface CodeTable {
  readonly bits: Uint32Array;
  readonly counts: Uint8Array;
}

export const windowBytes = 32_768;
const longestMatch = 258;
export const shortestMatch = 3;
const endOfBlock = 256;
const firstNineBitLiteral = 144;

const literalCodes = symbolTable();
const lengthCodes = lengthTable();
const distanceCodes = distanceTable();

/**
 * Writes one gzip member as a single fixed-Huffman block, from literals and matches that the caller already knows.
 * A caller that builds its text from recurring pieces has no need to search for matches, which is most of what
 * deflate costs.
 */
export class FixedDeflate {
  #out = new Uint8Array(1 << 18);
  #at = 0;
  #bits = 0;
  #bitCount = 0;

  begin(): void {
    this.#out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    this.#at = 10;
    this.#bits = 0;
    this.#bitCount = 0;
    this.#put(0b011, 3);
  }

  /** The bytes of `source` in `[from, to)` as they are. */
  literals(source: Uint8Array, from: number, to: number): void {
    this.#reserve((to - from) * 2);
    const codes = literalCodes.bits;
    const out = this.#out;
    let at = this.#at;
    let bits = this.#bits;
    let bitCount = this.#bitCount;
    for (let i = from; i < to; i++) {
      const byte = source[i] as number;
      bits |= (codes[byte] as number) << bitCount;
      out[at++] = bits;
      bits >>>= 8;
      if (byte < firstNineBitLiteral) continue;
      bitCount += 1;
      if (bitCount < 8) continue;
      out[at++] = bits;
      bits >>>= 8;
      bitCount = 0;
    }
    this.#at = at;
    this.#bits = bits;
    this.#bitCount = bitCount;
  }

  /** `length` bytes, at least 3, that also lie `distance` bytes back, at most 32,768. */
  match(length: number, distance: number): void {
    this.#reserve(length);
    let rest = length;
    while (rest > 0) {
      const tooShortAfter = rest > longestMatch && rest < longestMatch + shortestMatch;
      const part = tooShortAfter ? rest - shortestMatch : Math.min(rest, longestMatch);
      this.#put(lengthCodes.bits[part] as number, lengthCodes.counts[part] as number);
      this.#put(distanceCodes.bits[distance] as number, distanceCodes.counts[distance] as number);
      rest -= part;
    }
  }

  /** Closes the member over `sizeBytes` of text with checksum `crc32`; the result is the caller's own. */
  end({ crc32, sizeBytes }: { crc32: number; sizeBytes: number }): Buffer {
    this.#reserve(0);
    this.#put(literalCodes.bits[endOfBlock] as number, literalCodes.counts[endOfBlock] as number);
    if (this.#bitCount > 0) this.#out[this.#at++] = this.#bits;
    const member = Buffer.allocUnsafe(this.#at + 8);
    member.set(this.#out.subarray(0, this.#at));
    member.writeUInt32LE(crc32, this.#at);
    member.writeUInt32LE(sizeBytes % 2 ** 32, this.#at + 4);
    return member;
  }

  #put(bits: number, count: number): void {
    this.#bits |= bits << this.#bitCount;
    this.#bitCount += count;
    while (this.#bitCount >= 8) {
      this.#out[this.#at++] = this.#bits;
      this.#bits >>>= 8;
      this.#bitCount -= 8;
    }
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes + 64 <= this.#out.length) return;
    const grown = new Uint8Array(Math.max(this.#out.length * 2, this.#at + bytes + 64));
    grown.set(this.#out.subarray(0, this.#at));
    this.#out = grown;
  }
}

function reversed(code: number, count: number): number {
  let result = 0;
  for (let i = 0; i < count; i++) result |= ((code >>> i) & 1) << (count - 1 - i);
  return result;
}

function symbolTable(): CodeTable {
  const bits = new Uint32Array(288);
  const counts = new Uint8Array(288);
  for (let symbol = 0; symbol < 288; symbol++) {
    const [code, count] =
      symbol < firstNineBitLiteral
        ? [0x30 + symbol, 8]
        : symbol < 256
          ? [0x190 + symbol - firstNineBitLiteral, 9]
          : symbol < 280
            ? [symbol - 256, 7]
            : [0xc0 + symbol - 280, 8];
    bits[symbol] = reversed(code, count);
    counts[symbol] = count;
  }
  return { bits, counts };
}

function lengthTable(): CodeTable {
  const bits = new Uint32Array(longestMatch + 1);
  const counts = new Uint8Array(longestMatch + 1);
  let length = shortestMatch;
  for (let step = 0; step < 28; step++) {
    const extraBits = step < 8 ? 0 : (step >> 2) - 1;
    for (let extra = 0; extra < 1 << extraBits && length < longestMatch; extra++, length++) {
      const count = literalCodes.counts[257 + step] as number;
      bits[length] = (literalCodes.bits[257 + step] as number) | (extra << count);
      counts[length] = count + extraBits;
    }
  }
  bits[longestMatch] = literalCodes.bits[285] as number;
  counts[longestMatch] = literalCodes.counts[285] as number;
  return { bits, counts };
}

function distanceTable(): CodeTable {
  const bits = new Uint32Array(windowBytes + 1);
  const counts = new Uint8Array(windowBytes + 1);
  let distance = 1;
  for (let step = 0; step < 30; step++) {
    const extraBits = step < 4 ? 0 : (step >> 1) - 1;
    for (let extra = 0; extra < 1 << extraBits; extra++, distance++) {
      bits[distance] = reversed(step, 5) | (extra << 5);
      counts[distance] = 5 + extraBits;
    }
  }
  return { bits, counts };
}
