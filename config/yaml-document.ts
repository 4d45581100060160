import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import { configInvalid, pathKey, problemLine, type ConfigPath, type Position, type Problem } from './problem.ts';

export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | ConfigMapping;
export interface ConfigMapping {
  readonly [key: string]: ConfigValue;
}

/** A config file read, its `${...}` not yet expanded. */
export interface ConfigDocument {
  readonly root: ConfigMapping;
  /** Of the entry, or of the nearest one around it when the path is not in the file. */
  positionOf(path: ConfigPath): Position;
}

/** Clearer words for the mistakes people make, and for what would repeat a value; all others are said in the parser's own. */
const syntaxTexts: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  DUPLICATE_KEY: 'this key is here twice in one mapping',
  MULTIPLE_DOCS: 'a second document begins here; a config is one document',
  UNEXPECTED_TOKEN: 'this cannot stand here; put the value in quotes',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on one line; put the value in quotes or the key on its own line',
};

/** Reads a config's YAML; throws `ConfigInvalid` with every problem's line and column. `file` is how errors name it. */
export function parseConfigDocument(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(hideBraces(text), { prettyErrors: false, lineCounter: lines });
  const syntax = firstPerLine([...document.errors, ...document.warnings], position);
  if (syntax.length > 0) throw configInvalid(syntax.map((found) => problemLine(file, found.position, found)));

  const reader = new Reader(position);
  const root = document.contents === null ? null : reader.read(document.contents, [], 0);
  if (reader.problems.length > 0) {
    throw configInvalid(reader.problems.map((found) => problemLine(file, found.position, found)));
  }
  if (!isMapping(root)) {
    const found = root === null ? 'the file is empty' : 'a config is a mapping (key: value)';
    throw configInvalid([
      problemLine(file, { line: 1, column: 1 }, { path: [], text: `${found}; begin with version: 1` }),
    ]);
  }
  return { root, positionOf: (path) => reader.positionOf(path) };
}

export function isMapping(value: unknown): value is ConfigMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, undefined where there is none. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    root,
  );
}

type Found = Problem & { readonly position: Position };

type SyntaxProblem = Found & { readonly code: YAMLError['code'] };

/** One mistake often makes the parser complain several times about the rest of its line; a tab, about the lines after it. */
function firstPerLine(errors: readonly YAMLError[], position: (offset: number) => Position): Found[] {
  const byLine = new Map<number, SyntaxProblem>();
  for (const { code, message, pos } of errors) {
    const at = position(pos[0]);
    const text = syntaxTexts[code] ?? showBraces(message.charAt(0).toLowerCase() + message.slice(1));
    if (!byLine.has(at.line)) byLine.set(at.line, { path: [], text, position: at, code });
  }
  const found = [...byLine.values()].toSorted((a, b) => a.position.line - b.position.line);
  const tabs = found.filter(({ code }) => code === 'TAB_AS_INDENT');
  const [tab] = tabs;
  if (tab === undefined) return found;
  const more = tabs.length - 1;
  const where = more === 0 ? '' : `, here and in ${more} ${more === 1 ? 'line' : 'lines'} more`;
  return [...found.slice(0, found.indexOf(tab)), { ...tab, text: tab.text + where }];
}

class Reader {
  readonly problems: Found[] = [];
  readonly #positions = new Map<string, Position>();
  readonly #position: (offset: number) => Position;

  constructor(position: (offset: number) => Position) {
    this.#position = position;
  }

  read(node: Node, path: ConfigPath, offset: number): ConfigValue {
    this.#positions.set(pathKey(path), this.#position(offset));
    if (isMap<unknown, unknown>(node)) {
      // Entries are defined, not assigned: a key like __proto__ is an ordinary unknown key.
      return Object.fromEntries(node.items.flatMap((pair) => this.#readEntry(pair, path)));
    }
    if (isSeq<Node>(node)) return node.items.map((item, index) => this.read(item, [...path, index], startOf(item)));
    if (isScalar(node)) return this.#readScalar(node.value, path, offset);
    const text = isAlias(node)
      ? 'aliases (*name) are not supported; write the value here'
      : 'this is not a plain value';
    return this.#report(path, text, startOf(node));
  }

  positionOf(path: ConfigPath): Position {
    for (let length = path.length; length > 0; length--) {
      const found = this.#positions.get(pathKey(path.slice(0, length)));
      if (found !== undefined) return found;
    }
    return { line: 1, column: 1 };
  }

  #readEntry({ key, value }: Pair<unknown, unknown>, path: ConfigPath): [string, ConfigValue][] {
    const offset = startOf(key as Node);
    const name = isScalar(key) ? key.value : undefined;
    if (typeof name !== 'string' || name === '') {
      this.#report(path, 'a key must be text', offset);
      return [];
    }
    const shown = showBraces(name);
    if (value === null) {
      this.#positions.set(pathKey([...path, shown]), this.#position(offset));
      return [[shown, null]];
    }
    return [[shown, this.read(value as Node, [...path, shown], offset)]];
  }

  #readScalar(value: unknown, path: ConfigPath, offset: number): ConfigValue {
    if (typeof value === 'string') return showBraces(value);
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    return this.#report(path, 'this is not a plain value', offset);
  }

  #report(path: ConfigPath, text: string, offset: number): null {
    this.problems.push({ path, text, position: this.#position(offset) });
    return null;
  }
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/**
 * In `{ token: ${TOKEN} }` YAML takes the inner braces for a mapping of its own. They stand in for two characters that
 * mean nothing to YAML while it is parsed, which keeps every position.
 */
function hideBraces(text: string): string {
  return text.replaceAll(/\$\{([^{}\n]*)\}/g, '$\uE000$1\uE001');
}

function showBraces(text: string): string {
  return text.replaceAll('\uE000', '{').replaceAll('\uE001', '}');
}
