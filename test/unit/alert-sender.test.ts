import { afterEach, beforeEach, expect, it } from 'vitest';
import { staleAlert, type Alert, type AlertKind } from '../../model/alert.ts';
import { AlertSender } from '../../worker/alert-sender.ts';
import { eventually } from '../support/eventually.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await WebhookReceiver.open();
});
afterEach(() => receiver[Symbol.asyncDispose]());

function alertOf(since: string): Alert {
  return staleAlert({ stream: 'crm.contacts', since, at: since, message: 'it is stale', next: 'look' });
}

function openSender({ webhook = receiver.url, on = ['stale'] }: { webhook?: string; on?: AlertKind[] } = {}) {
  const counts = { delivered: 0, lost: 0 };
  const logged: object[] = [];
  const sender = new AlertSender({
    webhook,
    on,
    onDelivered: () => counts.delivered++,
    onLost: () => counts.lost++,
    log: { info: () => {}, error: () => {}, warn: (fields) => logged.push(fields) },
    pausesMs: [1, 1],
  });
  return { sender, counts, logged };
}

it('posts each alert once, in order, as JSON', async () => {
  const { sender, counts } = openSender();
  for (const since of ['1', '2', '1']) sender.send(alertOf(since));
  await sender.close(10_000);
  expect(receiver.alerts).toEqual([alertOf('1'), alertOf('2')]);
  expect(counts).toEqual({ delivered: 2, lost: 0 });
});

it('leaves out what nobody asked for', async () => {
  const { sender, counts } = openSender({ on: ['failure'] });
  sender.send(alertOf('1'));
  await sender.close(10_000);
  expect(receiver.bodies).toEqual([]);
  expect(counts).toEqual({ delivered: 0, lost: 0 });
});

it('tries again where that may help, and then says what is lost, without the URL', async () => {
  receiver.answers.push(503, 429, 200, 500, 500, 500);
  const { sender, counts, logged } = openSender();
  sender.send(alertOf('late'));
  sender.send(alertOf('lost'));
  await sender.close(10_000);
  expect(receiver.bodies).toHaveLength(6);
  expect(counts).toEqual({ delivered: 1, lost: 1 });
  expect(logged).toEqual([
    { kind: 'stale', stream: 'crm.contacts', alert: 'stale/crm.contacts/lost', reason: 'HTTP 500' },
  ]);
});

it('does not repeat what is refused, nor follow to another place', async () => {
  receiver.answers.push(404, 302);
  const { sender, logged } = openSender();
  sender.send(alertOf('1'));
  sender.send(alertOf('2'));
  await sender.close(10_000);
  expect(receiver.bodies).toHaveLength(2);
  expect(logged).toMatchObject([{ reason: 'HTTP 404' }, { reason: 'HTTP 302' }]);
});

it('gives up on a webhook that is gone, and on one that does not answer when the worker ends', async () => {
  const gone = openSender({ webhook: 'http://127.0.0.1:1/hooks/s3cr3t-hook' });
  gone.sender.send(alertOf('1'));
  await eventually('the loss', () => gone.counts.lost === 1);
  expect(JSON.stringify(gone.logged)).not.toContain('s3cr3t');

  receiver.holds = true;
  const held = openSender();
  held.sender.send(alertOf('1'));
  held.sender.send(alertOf('2'));
  await eventually('the call', () => receiver.bodies.length === 1);
  await held.sender.close(10);
  expect(held.counts).toEqual({ delivered: 0, lost: 2 });
});
