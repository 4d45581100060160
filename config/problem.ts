import { SyncError } from '../model/errors.ts';

/** Where in a config file a value stands: keys, and indexes of lists. */
export type ConfigPath = readonly (string | number)[];

/** One thing wrong with a config. `text` never repeats a value, which may be a secret. */
export interface Problem {
  readonly path: ConfigPath;
  readonly text: string;
  /** About the key, or the shape around it: wrong whatever a variable stands for. */
  readonly isStructural?: boolean;
}

/** A place in the file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The rule of `isStreamNamePart`, which sources and destinations follow too, in words. */
export const nameText = 'a name must be letters, digits, _ or -, a letter first, at most 63 long';

/** A key for maps and sets of paths. */
export function pathKey(path: ConfigPath): string {
  return JSON.stringify(path);
}

export function isUnder(path: ConfigPath, prefix: ConfigPath): boolean {
  return prefix.every((part, index) => path[index] === part);
}

/** `sluice.yaml:12:7 pipelines.crm.source: no such source`, the one form in which all problems are shown. */
export function problemLine(file: string, position: Position, { path, text }: Problem): string {
  const name = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`));
  const place = `${file}:${position.line}:${position.column}`;
  return path.length === 0 ? `${place}: ${text}` : `${place} ${name.join('')}: ${text}`;
}

/** All problems of a config at once, one line each. */
export function configInvalid(lines: readonly string[], next?: string): SyncError {
  return new SyncError('ConfigInvalid', lines.join('\n'), next === undefined ? {} : { next });
}
