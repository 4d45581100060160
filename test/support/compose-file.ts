import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `<source>:<target>[:ro]`. */
  readonly volumes?: readonly string[];
  /** `<host address>:<host port>:<container port>`. */
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart?: string;
  readonly profiles?: readonly string[];
  readonly stop_grace_period?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly working_dir?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** As it stands, or with variables put in place as compose does; throws its message for one that must be set. */
export function readCompose(variables?: Readonly<Record<string, string>>): ComposeFile {
  const file: unknown = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
  return (variables === undefined ? file : interpolate(file, variables)) as ComposeFile;
}

// https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
const variable = /\$(?:(\$)|\{([A-Z0-9_]+)(?::([-?])([^}]*))?\})/g;

function interpolate(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => interpolate(item, variables));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, interpolate(inner, variables)]));
  }
  if (typeof value !== 'string') return value;
  return value.replaceAll(variable, (_, dollar?: string, name = '', form?: string, text = '') => {
    if (dollar !== undefined) return '$';
    const given = variables[name] ?? '';
    if (given !== '') return given;
    if (form === '?') throw new Error(`${name}: ${text}`);
    return form === '-' ? text : '';
  });
}
