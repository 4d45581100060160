import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/run-cli.ts';

const verbs = [
  'init',
  'dev',
  'worker',
  'check',
  'discover',
  'schema',
  'backfill',
  'sync',
  'soft-delete',
  'reconcile',
  'resync',
  'schedules',
  'status',
  'history',
  'errors',
  'verify',
  'doctor',
  'codec-server',
  'pause',
  'resume',
  'cancel',
  'approve',
  'reset',
];

const config = `version: 1
sources:
  crm: { kind: hubspot, accessToken: \${HUBSPOT_ACCESS_TOKEN} }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  crm:
    source: crm
    destination: local
    streams:
      contacts: {}
      companies: {}
`;

let directory = '';
/** Listens and never answers, like a host behind a firewall. */
let silent: Server;
let nobody = '';
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  writeFileSync(join(directory, 'sluice.yaml'), config);
  writeFileSync(join(directory, 'many.txt'), Array.from({ length: 100_000 }, (_, id) => `${id}\n`).join(''));
  writeFileSync(join(directory, 'there.csv'), '');
  writeFileSync(join(directory, 'tab.yaml'), 'version: 1\nsources:\n\tcrm: {}\n');
  writeFileSync(join(directory, 'variable.yaml'), config.replace('version: 1', 'version: 1\ndataDir: ${SLUICE_DATA}'));
  silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  nobody = `127.0.0.1:${(silent.address() as { port: number }).port}`;
});
afterAll(() => {
  silent.close();
  rmSync(directory, { recursive: true, force: true });
});

const sluice = (words: readonly string[], env: Record<string, string> = {}) => runCli(words, { directory, env });

/** Nothing on stdout, one line on stderr with this text in it, no stack. */
function oneError(exitCode: number, text: string): unknown {
  const escaped = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return {
    exitCode,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^error: [^\n]*${escaped}[^\n]*\n$`)) as string,
  };
}

describe('help', () => {
  it('of the program names every verb', async () => {
    const { exitCode, stdout, stderr } = await sluice(['--help']);
    expect([...stdout.matchAll(/^ {2}(\S+) {2,}/gm)].map(([, verb]) => verb)).toEqual(verbs);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('without a verb goes to stderr, as an error of usage', async () => {
    const { exitCode, stdout, stderr } = await sluice([]);
    expect(stderr).toContain('Usage: sluice <verb>');
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  it.each(verbs)('of %s has usage, examples, flags and exit codes', async (verb) => {
    const { exitCode, stdout, stderr } = await sluice([verb, '-h']);
    for (const part of [`Usage: sluice ${verb}`, 'Examples:\n  sluice ', '--json', 'See also: ', 'Exit codes:\n  0 ']) {
      expect(stdout).toContain(part);
    }
    expect(stdout.split('\n').every((line) => line.length <= 100)).toBe(true);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });
});

describe('errors of usage and config', () => {
  it.each<[string, string[], string]>([
    ['unknown verb', ['stauts'], "unknown command 'stauts'; next: did you mean status?"],
    ['unknown flag', ['backfill', 'crm.contacts', '--wiat'], 'did you mean --wait?'],
    ['missing stream', ['backfill'], "missing required argument 'streams'"],
    ['too many words', ['history', 'crm.contacts', 'crm.companies'], 'too many arguments'],
    ['unknown stream', ['backfill', 'crm.contact'], 'did you mean crm.contacts?'],
    ['unknown stream among known ones', ['status', 'crm.contacts', 'crm.company'], 'crm.company'],
    ['no stream address', ['pause', 'contacts'], 'write it as pipeline.stream'],
    ['unknown pipeline', ['discover', 'cmr'], 'did you mean crm?'],
    ['no config', ['status', '--config', 'none.yaml'], 'there is no none.yaml'],
    ['bad YAML', ['status', '--config', 'tab.yaml'], 'tab.yaml:3:1: a tab cannot indent; use spaces'],
    ['missing variable', ['status', '--config', 'variable.yaml'], 'SLUICE_DATA is not set'],
    ['bad duration', ['backfill', 'crm.contacts', '--wait', '--timeout', 'soon'], '--timeout "soon" is not a duration'],
    ['a timeout of nothing', ['sync', '--timeout', '10m'], '--timeout needs --wait; next: sluice sync --help'],
    ['resync of nothing', ['resync', 'crm.contacts'], "required option '--ids <list>' not specified"],
    ['resync of too much', ['resync', 'crm.contacts', '--ids', '@many.txt'], '--ids names 100000 ids; at most 1000'],
    ['resync of two streams', ['resync', 'crm.contacts', 'crm.companies', '--ids', '1'], 'too many arguments'],
    ['reset of nothing', ['reset', '--yes'], 'reset takes either streams or --all'],
    ['reset of an unknown stream', ['reset', 'crm.contact', '--yes'], 'did you mean crm.contacts?'],
    ['approval of an unknown stream', ['approve', 'crm.contact'], 'did you mean crm.contacts?'],
    ['bad sample', ['verify', 'crm.contacts', '--sample', 'all'], '--sample "all" is not a whole number above 0'],
    ['bad date', ['backfill', 'crm.contacts', '--created-after', 'May'], '--created-after "May" is not a date'],
    ['bad limit', ['errors', 'crm.contacts', '--limit', '0'], '--limit "0" is not a whole number above 0'],
    ['a limit of groups', ['errors', 'crm.contacts', '--limit', '5', '--refetch'], '--limit needs --list'],
    ['a list of every stream', ['errors', '--list'], '--list takes one stream, and these are 2'],
    ['errors in two ways', ['errors', '--list', '--export', 'a.csv'], '--list and --export are asked for at once'],
    ['values of nothing', ['errors', 'crm.contacts', '--include-values'], '--include-values needs --export'],
    ['an export of no form', ['errors', 'crm.contacts', '--export', 'a.xls'], 'ends in neither .csv nor .jsonl'],
    ['an export over a file', ['errors', 'crm.contacts', '--export', 'there.csv'], 'there is such a file'],
    ['a bad time', ['errors', '--since', 'May'], 'instant; next: write it as 24h, 2026-01-31 or 2026-01-31T12:00:00Z'],
    ['a time too long ago', ['errors', '--since', '999999999d'], '--since "999999999d" is not a time ago, a date'],
    [
      'schedules of an unknown stream',
      ['schedules', 'pause', 'crm.x'],
      'in sluice.yaml; next: there is crm.contacts, ',
    ],
    ['a fill of nothing', ['discover', 'crm', '--fill'], '--fill takes one object'],
    ['a fill of too much', ['discover', 'crm', 'contacts', '--fill', '--sample', '10001'], '--sample 10001 is more'],
    ['cancel of nothing', ['cancel'], 'cancel takes either streams or --all'],
  ])('%s', async (_, words, text) => {
    expect(await sluice(words)).toEqual(oneError(2, text));
  });

  it('a confirmation that nobody can give', async () => {
    expect(await sluice(['cancel', '--all'])).toEqual(oneError(7, 'nothing was done; next: add --yes'));
    const reset = await sluice(['reset', 'crm.contacts', '--drop-table']);
    expect(reset).toEqual(oneError(7, 'resetting crm.contacts (table dropped) needs a confirmation; nothing was done'));
  });

  it('come as JSON on stderr where JSON was asked for', async () => {
    for (const run of [
      await sluice(['backfill', 'crm.contact', '--json']),
      await sluice(['nope'], { SLUICE_JSON: '1' }),
    ]) {
      expect(JSON.parse(run.stderr)).toMatchObject({ schema: 'sluice.error/1', exitCode: 2 });
      expect(run.stdout).toBe('');
      expect(run.exitCode).toBe(2);
    }
  });

  it('show a stack only with --debug', async () => {
    const { stderr } = await sluice(['status', '--config', 'none.yaml', '--debug']);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe.concurrent('a Temporal server out of reach', () => {
  const words: Record<string, string[]> = {
    backfill: ['backfill', 'crm.contacts', '--wait'],
    sync: ['sync', '--wait'],
    'soft-delete': ['soft-delete'],
    reconcile: ['reconcile', 'crm.contacts'],
    resync: ['resync', 'crm.contacts', '--ids', '1'],
    approve: ['approve', 'crm.contacts', '--yes'],
    reset: ['reset', 'crm.contacts', '--yes'],
    verify: ['verify', 'crm.contacts'],
    status: ['status'],
    pause: ['pause', 'crm.contacts'],
    resume: ['resume', 'crm.contacts'],
    cancel: ['cancel', 'crm.contacts'],
    history: ['history', 'crm.contacts'],
    errors: ['errors', 'crm.contacts'],
    discover: ['discover', 'crm'],
    worker: ['worker'],
  };

  it.each(Object.keys(words))('is one error of %s', async (verb) => {
    const run = await sluice(words[verb]!, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const error = 'cannot reach Temporal at 127.0.0.1:1 (by TEMPORAL_ADDRESS); next: sluice dev';
    expect(run).toEqual(oneError(5, error));
  });

  it('is given up within seconds when it accepts and never answers', async () => {
    const started = Date.now();
    expect(await sluice(['status'], { TEMPORAL_ADDRESS: nobody })).toEqual(oneError(5, 'cannot reach Temporal'));
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('is a finding of the doctor, which looks at config all the same', async () => {
    const run = await sluice(['doctor', '--json'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const { schema, findings } = JSON.parse(run.stdout) as { schema: string; findings: Record<string, unknown>[] };
    expect(schema).toBe('sluice.doctor/1');
    const wrong = findings
      .filter(({ status }) => status !== 'ok')
      .map(({ group, code }) => `${String(group)} ${String(code)}`);
    expect(wrong).toEqual([
      'config config-variables',
      'temporal temporal-server',
      'runs not-looked-at',
      'schedules not-looked-at',
      'streams not-looked-at',
      'destinations not-looked-at',
      'sources not-looked-at',
    ]);
    expect(findings.find(({ code }) => code === 'config-variables')).toMatchObject({
      subject: 'source crm',
      evidence: expect.stringContaining('HUBSPOT_ACCESS_TOKEN') as string,
      isFixable: false,
    });
    expect(run.exitCode).toBe(2);
    const only = await sluice(['doctor', '--only', 'runs'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(only.stdout).toMatch(/^Runs\n {2}· skipped not-looked-at: runs: cannot reach Temporal at 127\.0\.0\.1:1 /);
    expect(only.exitCode).toBe(5);
    const unknown = await sluice(['doctor', '--only', 'run']);
    expect(unknown.stderr).toMatch(/^error: sluice doctor has no group "run"; next: .*runs/);
    expect(unknown.exitCode).toBe(2);
  });

  it('is a finding of check, which says what it could not look at', async () => {
    const run = await sluice(['check', '--json'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const { schema, findings } = JSON.parse(run.stdout) as {
      schema: string;
      findings: { subject: string; status: string }[];
    };
    expect(schema).toBe('sluice.check/1');
    expect(findings).toContainEqual(
      expect.objectContaining({ subject: 'Temporal', status: 'failed', kind: 'unreachable' }),
    );
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'config', status: 'ok' }));
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(5);
  });
});

it('a reader that closes the pipe early is no error', async () => {
  const child = spawnCli(['--help'], { directory });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exitCode] = await once(child, 'close');
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});
