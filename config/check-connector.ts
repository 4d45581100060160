import { resolve } from 'node:path';
import type { z } from 'zod';
import { checkSection, type Checked } from './check-section.ts';
import { suggestName } from '../model/nearest-name.ts';
import type { ConfigPath } from './problem.ts';
import { isMapping } from './yaml-document.ts';

/** What config needs to know of a connector; its driver is not among it. */
export interface ConnectorKind {
  readonly config: z.ZodObject;
  readonly pathOptions: readonly string[];
}

interface ConnectorRequest {
  readonly kinds: Readonly<Record<string, ConnectorKind>>;
  readonly plannedKinds: readonly string[];
  readonly value: unknown;
  readonly path: ConfigPath;
  /** Relative paths among the options count from here. */
  readonly folder: string;
}

export type ConnectorOptions = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** Validates one source's or destination's section by the schema of its kind. */
export function checkConnector({
  kinds,
  plannedKinds,
  value,
  path,
  folder,
}: ConnectorRequest): Checked<ConnectorOptions> {
  const kindPath = [...path, 'kind'];
  const names = Object.keys(kinds);
  if (!isMapping(value))
    return { value: null, problems: [{ path, text: 'must be a mapping with a kind', isStructural: true }] };
  const { kind } = value;
  if (kind === undefined) return failed(kindPath, `is required: ${names.join(', ')}`);
  if (typeof kind !== 'string') return failed(kindPath, 'must be text');
  if (!Object.hasOwn(kinds, kind)) {
    const isPlanned = plannedKinds.includes(kind);
    return failed(
      kindPath,
      isPlanned ? `${kind} is not built yet in this version` : `unknown kind, ${suggestName(kind, names)}`,
    );
  }
  const { config, pathOptions } = kinds[kind]!;
  const checked = checkSection({ schema: config, value, path });
  if (checked.value === null) return checked;
  const options: Record<string, unknown> = { ...checked.value };
  for (const option of pathOptions) {
    if (typeof options[option] === 'string') options[option] = resolve(folder, options[option]);
  }
  return { value: { ...options, kind }, problems: [] };
}

function failed(path: ConfigPath, text: string): Checked<never> {
  return { value: null, problems: [{ path, text }] };
}
