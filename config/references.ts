import { pathKey, type ConfigPath, type Problem } from './problem.ts';
import { isMapping, type ConfigMapping, type ConfigValue } from './yaml-document.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ExpandedTree {
  readonly root: ConfigMapping;
  /** Keys of the scalars that hold a reference. */
  readonly references: ReadonlySet<string>;
  /** References that are not well-formed: wrong whatever the environment is. */
  readonly malformed: readonly Problem[];
  /** References without a value; their scalars stay as written. */
  readonly missing: readonly MissingVariable[];
}

export interface MissingVariable extends Problem {
  readonly variable: string;
}

/** `$${`, then a well-formed reference, then the start of one that is not. */
const referencePattern = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}|\$\{/g;

/**
 * Puts values of the environment in place of `${VAR}` and `${VAR:-default}` in every scalar. An empty variable counts as
 * one that is not set. What is put in is not read again, so a value can neither refer to another nor change the structure.
 */
export function expandReferences(root: ConfigMapping, environment: Environment): ExpandedTree {
  const references = new Set<string>();
  const malformed: Problem[] = [];
  const missing: MissingVariable[] = [];
  const expand = (value: ConfigValue, path: ConfigPath): ConfigValue => {
    if (typeof value === 'string') {
      const text = expandText(value, environment);
      if (text.hasReference) references.add(pathKey(path));
      if (text.isMalformed) malformed.push({ path, text: malformedText });
      missing.push(...text.missing.map((variable) => ({ path, variable, text: missingText(variable, environment) })));
      return text.missing.length > 0 ? value : text.expanded;
    }
    if (Array.isArray(value)) return value.map((item, index) => expand(item, [...path, index]));
    if (isMapping(value)) return expandMapping(value, path);
    return value;
  };
  const expandMapping = (mapping: ConfigMapping, path: ConfigPath): ConfigMapping =>
    Object.fromEntries(Object.entries(mapping).map(([key, value]) => [key, expand(value, [...path, key])]));
  return { root: expandMapping(root, []), references, malformed, missing };
}

const malformedText = 'not a reference to a variable; write ${NAME} or ${NAME:-default}, or $${ for a plain ${';

function missingText(variable: string, environment: Environment): string {
  return `${variable} is ${lookUp(variable, environment) === undefined ? 'not set' : 'empty'}`;
}

function lookUp(variable: string, environment: Environment): string | undefined {
  return Object.hasOwn(environment, variable) ? environment[variable] : undefined;
}

interface ExpandedText {
  readonly expanded: string;
  readonly hasReference: boolean;
  readonly isMalformed: boolean;
  readonly missing: readonly string[];
}

function expandText(text: string, environment: Environment): ExpandedText {
  const missing: string[] = [];
  let hasReference = false;
  let isMalformed = false;
  const expanded = text.replaceAll(referencePattern, (found, variable?: string, fallback?: string) => {
    if (found === '$${') return '${';
    if (variable === undefined) {
      isMalformed = true;
      return found;
    }
    hasReference = true;
    const value = lookUp(variable, environment);
    if (value !== undefined && value !== '') return value;
    if (fallback === undefined) missing.push(variable);
    return fallback ?? '';
  });
  return { expanded, hasReference, isMalformed, missing };
}
