import type { Command } from 'commander';
import type { PendingApproval } from '../../workflows/messages.ts';
import { callerName } from '../caller-name.ts';
import { confirm } from '../confirm.ts';
import { countText } from '../count-text.ts';
import { exitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { openConfig, withTemporal } from '../session.ts';
import { defineVerb } from '../verb.ts';

interface ApproveFlags {
  readonly digest?: string;
  readonly yes?: true;
}

export const approveCommand = (): Command =>
  defineVerb<ApproveFlags>({
    usage: 'approve <stream>',
    summary: 'let a run flag the many rows that vanished',
    description:
      'Show the vanished rows that a reconciliation or a backfill waits to flag, and let it flag them.\nEach is looked for at the source once more first.',
    examples: ['sluice approve crm.contacts', 'sluice approve crm.contacts --yes --json'],
    seeAlso: ['reconcile', 'verify', 'cancel'],
    exits: [0, 2, 4, 5, 7],
    flags: (command) =>
      command
        .option('--digest <hex>', 'approve exactly the rows of this digest, as status shows it')
        .option('--yes', 'do not ask: approve what waits now'),
    run: async ({ words, options, output }) => {
      const session = await openConfig(options);
      const [stream = ''] = session.resolveStreams(words);
      return withTemporal(session, async (temporal) => {
        const { approve, findPending } = await import('../pending-approval.ts');
        const pending = await findPending(temporal, stream);
        const { approval } = pending;
        output.text(approvalText(stream, approval));
        const digest = options.digest ?? approval.digest;
        if (options.digest === undefined) await confirmFlagging(stream, approval, { yes: options.yes, output });
        const approved = await approve(temporal, pending, { digest, by: callerName() });
        output.text(`approved: what is still absent of these ${countText(approved.vanished)} rows will be flagged\n`);
        output.talk(`watch it: sluice status ${stream} --watch`);
        output.document('approve', { stream, approved });
        return exitCode.done;
      });
    },
  });

function confirmFlagging(
  stream: string,
  { vanished }: PendingApproval,
  { yes, output }: { readonly yes: true | undefined; readonly output: Output },
): Promise<void> {
  return confirm(`flagging ${countText(vanished)} rows of ${stream} as deleted`, {
    ...(yes ? { yes } : {}),
    isJson: output.isJson,
  });
}

function approvalText(stream: string, { vanished, liveRows, reason, digest, run, until }: PendingApproval): string {
  return (
    `${stream}: ${reason}\n` +
    `  vanished   ${countText(vanished)} of ${countText(liveRows)} live rows\n` +
    `  digest     ${digest}\n` +
    `  run        ${run}\n` +
    `  until      ${until}; the run then ends and flags nothing\n`
  );
}
