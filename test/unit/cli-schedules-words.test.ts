import { expect, it } from 'vitest';
import { schedulesCommand } from '../../client/commands/schedules.ts';

it.each<[string[], string, string]>([
  [
    ['aply'],
    'sluice schedules knows list, apply, diff, pause, resume and trigger, not "aply"',
    'sluice schedules --help',
  ],
  [['--dry-run'], '--dry-run is for sluice schedules apply', 'sluice schedules --help'],
  [['diff', '--dry-run'], '--dry-run is for sluice schedules apply', 'sluice schedules --help'],
  [['resume', '--note', 'x'], '--note is for sluice schedules pause', 'sluice schedules --help'],
  [['diff', '--mode', 'reconcile'], '--mode is for pause, resume and trigger', 'sluice schedules --help'],
  [
    ['pause', 'crm.contacts', '--mode', 'softDelete'],
    '--mode "softDelete" has no schedules',
    'did you mean soft-delete?',
  ],
  [
    ['resume', '--mode', 'backfill'],
    '--mode "backfill" has no schedules',
    'there is incremental, soft-delete, reconcile',
  ],
  [['trigger'], 'sluice schedules trigger takes the streams to run', 'sluice schedules --help'],
])('sluice schedules does not take %j', async (words, message, next) => {
  await expect(schedulesCommand().parseAsync(words, { from: 'user' })).rejects.toMatchObject({
    exitCode: 2,
    message,
    next,
  });
});
