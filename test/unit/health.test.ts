import { expect, it } from 'vitest';
import { WorkerHealth } from '../../worker/worker-health.ts';
import { healthAnswer } from '../../worker/health.ts';

const config = { path: '/etc/sluice.yaml', streamNames: ['crm.contacts'], destinationNames: ['local'] } as const;

function open(state: 'INITIALIZED' | 'RUNNING' | 'DRAINING') {
  const ending = new AbortController();
  const health = new WorkerHealth(config, ending.signal);
  health.temporal = async () => ({ ok: true, text: 'answers' });
  health.worker = { getState: () => state };
  health.destinations.set('local', { kind: 'owner' });
  return { health, ending };
}

const notOk = async (health: WorkerHealth): Promise<string[]> =>
  Object.entries(await health.ready()).flatMap(([name, { ok, text }]) => (ok ? [] : [`${name}: ${text}`]));

it('is ready once it polls and knows who owns its destinations', async () => {
  const { health } = open('RUNNING');
  expect(await notOk(health)).toEqual([]);
  for (const kind of ['standby', 'shared'] as const) {
    health.destinations.set('local', { kind });
    expect(await notOk(health)).toEqual([]);
  }
  health.destinations.set('local', { kind: 'failing', reason: 'TOKEN is not set' });
  expect(await notOk(health)).toEqual(['destination local: TOKEN is not set']);
});

it('is neither before it polls, nor while it shuts down', async () => {
  const starting = new WorkerHealth(config, new AbortController().signal);
  expect(await notOk(starting)).toEqual([
    'temporal: not connected yet',
    'worker: is starting',
    'destination local: has not asked for it yet',
  ]);
  expect(await notOk(open('DRAINING').health)).toEqual(['worker: is draining']);
  const { health, ending } = open('RUNNING');
  ending.abort();
  expect(await notOk(health)).toEqual(['worker: is shutting down']);
});

it('is healthy as long as Temporal answers', async () => {
  const { health } = open('DRAINING');
  expect(healthAnswer(await health.healthy()).httpStatus).toBe(200);
  health.temporal = async () => ({ ok: false, text: 'does not answer' });
  expect(healthAnswer(await health.healthy())).toMatchObject({ httpStatus: 503, body: { status: 'failing' } });
});
