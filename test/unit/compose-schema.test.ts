import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readCompose, root } from '../support/compose-file.ts';

/** Names draft 7 by an address that ajv does not know it by. */
const { $schema: _, ...schema } = JSON.parse(
  readFileSync(join(root, 'test/fixtures/compose-spec/compose-spec.json'), 'utf8'),
) as Record<string, unknown>;
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
const written = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** Where a file breaks the schema. */
function problemsOf(file: unknown): string[] {
  validate(file);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the schema of the Compose Specification', () => {
  it('holds docker-compose.yml as it is written, and with its variables in place', () => {
    const names = [...written.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name = '']) => name);
    const variables = Object.fromEntries(names.map((name) => [name, 'x']));
    expect(problemsOf(readCompose())).toEqual([]);
    expect(problemsOf(readCompose(variables))).toEqual([]);
  });

  it.for([
    ['a key that is none', '    image: postgres:16.10', '    imgae: postgres:16.10', '/services/postgres '],
    ['ports that are no list', '      - 127.0.0.1:7233:7233', '      7233: 7233', '/services/temporal/ports '],
    [
      'a command that is an object',
      'command: [worker, --config, /config/sluice.yaml]',
      'command: { run: worker }',
      '/services/worker-1/command ',
    ],
    ['a condition that is none', 'condition: service_healthy', 'condition: healthy', '/services/worker-1/depends_on'],
    ['a number where a text is due', 'stop_grace_period: 60s', 'stop_grace_period: 60', '/services/postgres/'],
    ['a health check that has no such setting', 'retries: 30', 'tries: 30', '/services/postgres/healthcheck '],
    ['a service that is empty', '  worker-2:\n    <<: *worker', '  worker-2:', '/services/worker-2 '],
    ['a part at the top that is none', '\nvolumes:', '\nvolume:', ' must NOT have'],
  ] as const)('refuses %s', ([, from, to, where]) => {
    expect(written).toContain(from);
    const problems = problemsOf(parse(written.replace(from, to), { merge: true }));
    expect(problems.filter((problem) => problem.startsWith(where))).not.toEqual([]);
  });
});
