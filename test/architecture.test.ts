import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Which folder may import from which (docs/how-it-works.md). `type` allows `import type` only. A connector is a folder of its own:
 * `sources/hubspot` may use `model`, itself, and nothing of a sibling.
 */
const allowed: Readonly<Record<string, Readonly<Record<string, 'value' | 'type'>>>> = {
  model: {},
  workflows: { model: 'value', activities: 'type' },
  budget: { model: 'value' },
  sources: { model: 'value', budget: 'value' },
  destinations: { model: 'value' },
  activities: { model: 'value' },
  codec: { model: 'value' },
  tracing: { model: 'value' },
  config: { model: 'value', 'sources/registry.ts': 'value', 'destinations/registry.ts': 'value' },
  worker: {
    model: 'value',
    activities: 'value',
    config: 'value',
    codec: 'value',
    tracing: 'value',
    'sources/registry.ts': 'value',
    'destinations/registry.ts': 'value',
    'workflows/messages.ts': 'value',
  },
  client: {
    model: 'value',
    config: 'value',
    codec: 'value',
    tracing: 'value',
    worker: 'value',
    'workflows/messages.ts': 'value',
  },
  simulators: {},
};

/** The only files of `client` that may reach into `worker`: they run one, or stand in for one before there is any. */
const runsWorker = new Set(['client/commands/worker.ts', 'client/commands/dev.ts', 'client/commands/init.ts']);

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'value' | 'type';
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+['"](\.[^'"]+)['"]|^\s*import\s+['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/gm;

function edgesOf(from: string): Edge[] {
  const text = readFileSync(join(root, from), 'utf8');
  return [...text.matchAll(importPattern)].map(([, type, named, bare, lazy]) => ({
    from,
    to: normalize(join(dirname(from), named ?? bare ?? lazy ?? '')),
    kind: type === undefined ? 'value' : 'type',
  }));
}

const files = globSync(`{${Object.keys(allowed).join(',')}}/**/*.ts`, { cwd: root });
const edges = files.flatMap(edgesOf);

/** `sources/hubspot/api.ts` → `sources/hubspot`; `model/plan.ts` → `model`. */
function unitOf(file: string): string {
  const [top, second] = file.split('/');
  const isConnector = top === 'sources' || top === 'destinations' || top === 'simulators';
  return isConnector && second !== undefined && !second.endsWith('.ts') ? `${top}/${second}` : top!;
}

function isAllowed({ from, to, kind }: Edge): boolean {
  const fromUnit = unitOf(from);
  const toUnit = unitOf(to);
  if (fromUnit === toUnit) return true;
  if (from === `${fromUnit}/registry.ts` && toUnit.startsWith(`${fromUnit}/`)) return true;
  if (fromUnit === 'client' && toUnit === 'worker' && !runsWorker.has(from)) return false;
  const rules = allowed[from.split('/')[0]!]!;
  const rule = rules[to] ?? rules[toUnit];
  return rule === 'value' || (rule === 'type' && kind === 'type');
}

describe('architecture', () => {
  it('reads the imports of every file', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(edges.length).toBeGreaterThan(files.length);
  });

  it('every import goes the way it may', () => {
    expect(edges.filter((edge) => !isAllowed(edge)).map(({ from, to, kind }) => `${from} → ${to} (${kind})`)).toEqual(
      [],
    );
  });

  it('no file imports itself through others, types included', () => {
    const targets = Map.groupBy(edges, ({ from }) => from);
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('configs of connectors and the registries load no driver', () => {
    const drivers = /from\s+['"](undici|snowflake-sdk|@aws-sdk\/[^'"]+|@duckdb\/[^'"]+|@temporalio\/[^'"]+)['"]/;
    const light = globSync('{sources,destinations}/{*/config,registry}.ts', { cwd: root });
    const queue = [...light];
    const seen = new Set(queue);
    while (queue.length > 0) {
      const file = queue.pop()!;
      const text = readFileSync(join(root, file), 'utf8');
      expect(text, file).not.toMatch(drivers);
      const lazy = new Set(
        [...text.matchAll(/import\(\s*['"]([^'"]+)['"]/g)].map(([, path]) => normalize(join(dirname(file), path!))),
      );
      for (const { to, kind } of edgesOf(file)) {
        if (kind === 'type' || lazy.has(to) || seen.has(to)) continue;
        seen.add(to);
        queue.push(to);
      }
    }
  });

  it('OpenTelemetry loads only where traces are on', () => {
    const using = files.filter((file) =>
      /^import (?!type\s)[^;]*from\s+'@opentelemetry\//m.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(using).toEqual(['tracing/otlp-traces.ts']);
    const lazily = `await import('./otlp-traces.ts')`;
    expect(edges.filter(({ to }) => to === using[0]).map(({ from }) => from)).toEqual(['tracing/open-traces.ts']);
    expect(readFileSync(join(root, 'tracing/open-traces.ts'), 'utf8')).toContain(lazily);
  });

  it('every client and worker reads and writes by the keys of the config', () => {
    const opens = /new (?:Client|WorkflowClient|ScheduleClient)\(|Worker\.create\(/;
    const open = files.filter(
      (file) => /^(client|worker)\//.test(file) && opens.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(open.length).toBeGreaterThan(2);
    expect(open.filter((file) => !readFileSync(join(root, file), 'utf8').includes('dataConverter'))).toEqual([]);
  });

  it('workflows use nothing of Node', () => {
    for (const file of files.filter((name) => name.startsWith('workflows/') || name.startsWith('model/'))) {
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(/from\s+['"]node:/);
    }
  });
});
