import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isolatedEnvironment } from '../examples/isolated-environment.ts';
import { startLocalTemporal } from '../examples/sandbox.ts';
import { measured, seconds, type Measurement } from './measurement.ts';

const cli = fileURLToPath(new URL('../client/main.ts', import.meta.url));

/** What the schedules of many streams cost, as a person waits for it: the whole command, three schedules a stream. */
export async function* manySchedules(options: { streams: number }): AsyncGenerator<Measurement[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const temporal = await startLocalTemporal();
  stack.defer(() => temporal.stop());
  const env = isolatedEnvironment({ TEMPORAL_ADDRESS: temporal.address });
  const config = async (change: object): Promise<void> => {
    const streams = Array.from({ length: options.streams }, (_, n) => [`s${n}`, { columns: ['id'], ...change }]);
    await writeFile(
      join(folder, 'sluice.yaml'),
      JSON.stringify({
        version: 1,
        sources: { crm: { kind: 'hubspot', accessToken: 'none' } },
        destinations: { local: { kind: 'duckdb', path: 'warehouse.duckdb' } },
        pipelines: { crm: { source: 'crm', destination: 'local', streams: Object.fromEntries(streams) } },
      }),
    );
  };
  const sluice = async (...words: string[]): Promise<{ ms: number; code: number; out: string }> => {
    const startedMs = performance.now();
    const child = spawn(process.execPath, [cli, ...words, '--json'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const [code] = (await once(child, 'close')) as [number];
    return { ms: performance.now() - startedMs, code, out };
  };
  const schedules = options.streams * 3;
  const scenario = (what: string): string => `${options.streams} streams, ${schedules} schedules: ${what}`;
  const applied = async (what: string, change: string, withinMs: number | null): Promise<Measurement[]> => {
    const { ms, code, out } = await sluice('schedules', 'apply');
    const { changes } = JSON.parse(out) as { changes: { change: string }[] };
    const count = changes.filter((each) => each.change === change).length;
    const isMet = code === 0 && count === schedules && (withinMs === null || ms < withinMs);
    const target = withinMs === null ? 'all' : `all, < ${seconds(withinMs)}`;
    return [measured(scenario(what), `${count} ${change} in ${seconds(ms)}`, { target, isMet })];
  };

  await config({});
  yield await applied('apply the first time', 'created', 30_000);
  yield await applied('apply again', 'unchanged', 30_000);
  await config({ schedules: { incremental: '5m', softDelete: '12h', reconcile: '0 3 * * *' } });
  yield await applied('apply after a change to each', 'updated', null);
  for (const words of [['schedules', 'diff'], ['status']]) {
    const { ms, code } = await sluice(...words);
    yield [measured(scenario(words.join(' ')), seconds(ms), { target: 'exit code 0', isMet: code === 0 })];
  }
}
