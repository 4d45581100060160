import { z } from 'zod';
import { nearestName } from '../model/nearest-name.ts';
import type { ConfigPath, Problem } from './problem.ts';
import { isMapping, valueAt } from './yaml-document.ts';

/** A section of config held against its schema: what it says, or what is wrong with it. */
export type Checked<T> =
  | { readonly value: T; readonly problems: readonly [] }
  | { readonly value: null; readonly problems: readonly Problem[] };

interface SectionRequest<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly value: unknown;
  /** Where the section stands in the file; problems are told from the file's root. */
  readonly path: ConfigPath;
  /** Keys of the section that are documented and not built. */
  readonly planned?: readonly string[];
}

/**
 * Validates one section. Where a number or a truth value is asked for, the text of one will do: what comes out of a
 * variable is always text.
 */
export function checkSection<Schema extends z.ZodType>(request: SectionRequest<Schema>): Checked<z.infer<Schema>> {
  const { schema, path } = request;
  let value = request.value;
  let parsed = schema.safeParse(value);
  if (!parsed.success) {
    value = convertTexts(value, parsed.error.issues);
    parsed = schema.safeParse(value);
  }
  if (parsed.success) return { value: parsed.data, problems: [] };
  const problems = parsed.error.issues
    .flatMap((issue) => describeIssue(issue, request, value))
    .map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  return { value: null, problems };
}

function convertTexts(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const converted = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue;
    const parent = valueAt(converted, issue.path.slice(0, -1)) as Record<PropertyKey, unknown>;
    const key = issue.path.at(-1);
    const text = key === undefined ? undefined : parent[key];
    if (key === undefined || typeof text !== 'string') continue;
    if (['number', 'int'].includes(issue.expected) && /^-?\d+(\.\d+)?$/.test(text)) parent[key] = Number(text);
    if (issue.expected === 'boolean' && /^(true|false)$/.test(text)) parent[key] = text === 'true';
  }
  return converted;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  { schema, planned }: SectionRequest<z.ZodType>,
  value: unknown,
): Problem[] {
  const path = issue.path as ConfigPath;
  if (issue.code !== 'unrecognized_keys') {
    return [{ path, text: issueText(issue, valueAt(value, path)), isStructural: wantsStructure(issue) }];
  }
  const known = knownKeys(schema, path);
  return issue.keys.map((key) => {
    if (path.length === 0 && planned?.includes(key)) {
      return { path: [key], text: 'not built yet in this version', isStructural: true };
    }
    const nearest = nearestName(key, known);
    const hint = nearest === null ? `known here: ${known.join(', ')}` : `did you mean ${nearest}?`;
    return { path: [...path, key], text: `unknown key, ${hint}`, isStructural: true };
  });
}

/** No variable can hold a mapping or a list. */
function wantsStructure(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && ['object', 'record', 'array'].includes(issue.expected);
}

function issueText(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}, not ${wordFor(value)}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      return issue.origin === 'array' ? 'needs at least one entry' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be a URL, with http:// or https://' : issue.message;
    default:
      return issue.message;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
};

function wordFor(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a mapping';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return typeof value === 'boolean' ? 'true or false' : 'text';
}

function knownKeys(schema: z.core.$ZodType, path: ConfigPath): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return knownKeys(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodPipe) return knownKeys(schema.out, path);
  if (!(schema instanceof z.ZodObject)) return [];
  const [key, ...rest] = path;
  const inner = key === undefined ? undefined : schema.shape[key];
  return inner === undefined ? Object.keys(schema.shape) : knownKeys(inner, rest);
}
