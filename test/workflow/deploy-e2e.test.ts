import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDuration } from '../../model/duration.ts';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { readCompose, root, type ComposeFile } from '../support/compose-file.ts';
import { findFreePort } from '../../worker/local-temporal/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

const stream = 'crm.contacts';

let temporal: TestTemporal;
let simulator: RunningSimulator;
let compose: ComposeFile;
let data = '';
const metricsPorts = new Map<string, number>();
const running = new Set<ChildProcess>();
const logs: string[] = [];

beforeAll(async () => {
  [temporal, simulator] = await Promise.all([
    startTestTemporal(),
    startHubspotSimulator({ seed: 13, records: { contacts: 2_000, companies: 20, deals: 20 }, search: { lagMs: 0 } }),
  ]);
  for (const name of ['worker-1', 'worker-2']) metricsPorts.set(name, (await findFreePort(0)) ?? 0);
  data = mkdtempSync(join(tmpdir(), 'sluice-deploy-'));
  compose = readCompose({
    POSTGRES_PASSWORD: 'x',
    GRAFANA_PASSWORD: 'x',
    HUBSPOT_ACCESS_TOKEN: defaultToken,
    HUBSPOT_BASE_URL: simulator.url,
  });
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await simulator?.close();
  await temporal?.stop();
  rmSync(data, { recursive: true, force: true });
});

const serviceOf = (name: string) => compose.services[name]!;

/** What a path, a host or a program of the container is on this machine. */
function here(name: string, word: string): string {
  const mounts = (serviceOf(name).volumes ?? []).map((volume): [string, string] => {
    const [source = '', target = ''] = volume.split(':');
    return [target, source.startsWith('./') ? join(root, source) : data];
  });
  if (word === 'node') return process.execPath;
  if (word === 'temporal:7233') return temporal.server.address;
  // Containers have an address each; here each process needs a port of its own.
  if (word === '0.0.0.0:9464') return `127.0.0.1:${metricsPorts.get(name) ?? 0}`;
  // What is compiled in the image is run from its source; the package that is made of it has a test of its own.
  if (word.startsWith('/app/dist/')) return join(root, word.slice('/app/dist/'.length).replace(/\.js$/, '.ts'));
  if (word.startsWith('/app/')) return join(root, word.slice('/app/'.length));
  // The folder of a file that is mounted is where that file is found.
  if (word === '/config') return join(root, 'deploy');
  const [target, source] = mounts.find(([at]) => word === at || word.startsWith(`${at}/`)) ?? ['', ''];
  return target === '' ? word : `${source}${word.slice(target.length)}`;
}

const imageEntrypoint = JSON.parse(
  /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))![1]!,
) as string[];

/** Runs these words as the container would, with what compose gives it of variables, files and folders. */
function run(name: string, words: readonly string[]): ChildProcess {
  const [program = '', ...rest] = words.map((word) => here(name, word));
  const environment = Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, here(name, value)]);
  const child = spawn(program, rest, {
    cwd: here(name, serviceOf(name).working_dir ?? '/app/'),
    env: {
      PATH: '/nowhere',
      HOME: '/nowhere',
      NODE_ENV: 'production',
      ...Object.fromEntries(environment),
    } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  for (const stdio of [child.stdout, child.stderr])
    stdio?.setEncoding('utf8').on('data', (text: string) => logs.push(text));
  return child;
}

const start = (name: string): ChildProcess =>
  run(name, [...(serviceOf(name).entrypoint ?? imageEntrypoint), ...(serviceOf(name).command ?? [])]);

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string }> {
  let stdout = '';
  child.stdout?.on('data', (text: string) => (stdout += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
}

/** `docker compose run --rm sluice <words>`. */
const cli = (...words: string[]) => ended(run('sluice', [...serviceOf('sluice').entrypoint!, ...words]));

async function isHealthy(name: string): Promise<boolean> {
  const [form, ...words] = serviceOf(name).healthcheck!.test;
  expect(form).toBe('CMD');
  return (await ended(run(name, words))).code === 0;
}

/** No container engine here: what compose would run, run as plain processes on this machine. */
describe('the services of docker-compose.yml', { timeout: 180_000 }, () => {
  let workers: Readonly<Record<'worker-1' | 'worker-2', ChildProcess>>;

  it('a worker is not healthy before it polls, and is then', async () => {
    expect(await isHealthy('worker-1')).toBe(false);
    const first = start('worker-1');
    await eventually('worker-1 is ready', () => logs.join('').includes('ready: task queue sluice'), 90_000);
    await eventually('worker-1 is healthy', () => isHealthy('worker-1'), 30_000);
    workers = { 'worker-1': first, 'worker-2': start('worker-2') };
  });

  it('the command line, as it stands and with words of its own, finds config, Temporal and worker', async () => {
    const status = await ended(start('sluice'));
    expect(status.stdout).toMatch(/^crm\.contacts\t/m);
    expect(status.code).toBe(0);
    const backfill = await cli('backfill', stream, '--wait');
    expect(backfill.stdout).toContain('table      2,000 rows live');
    expect(backfill.code).toBe(0);
  });

  it('SIGTERM ends a worker within its grace period, and the run that it had goes on in the other', async () => {
    simulator.configure({ latencyMs: 400 });
    expect((await cli('backfill', stream, '--fresh')).code).toBe(0);
    await eventually('it reads', async () => /Running/.test((await cli('status', stream)).stdout), 30_000);
    const graceMs = parseDuration(serviceOf('worker-1').stop_grace_period!)!;
    const begun = Date.now();
    const end = ended(workers['worker-1']);
    workers['worker-1'].kill('SIGTERM');
    expect((await end).code).toBe(0);
    expect(Date.now() - begun).toBeLessThan(graceMs);
    simulator.configure({ latencyMs: 0 });
    await eventually('the run is done', async () => /\tDone/.test((await cli('status', stream)).stdout), 90_000);
    const last = ended(workers['worker-2']);
    workers['worker-2'].kill('SIGTERM');
    expect((await last).code).toBe(0);
  });

  it('writes below its volume alone, for nobody else to read', () => {
    expect(readdirSync(join(root, 'deploy')).sort()).toEqual(['grafana', 'prometheus', 'sluice.yaml', 'temporal']);
    expect((statSync(join(data, 'sluice')).mode & 0o777).toString(8)).toBe('700');
    expect(readdirSync(data)).toContain('warehouse.duckdb');
    expect(logs.join('')).not.toContain(defaultToken);
  });
});
