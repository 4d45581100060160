import type { RejectFilter, RejectRow } from '../model/reject.ts';
import { askWorker } from './ask-worker.ts';
import { countText } from './count-text.ts';
import { instantText } from './duration.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { Output } from './output.ts';
import { rejectsText } from './rejects-text.ts';
import type { ConfigSession } from './session.ts';
import { printTable } from './table.ts';

/** A stream's rejects, newest first, a line each. */
export async function showRejects(asked: {
  readonly session: ConfigSession;
  readonly stream: string;
  readonly filter: RejectFilter;
  readonly limit: number;
  readonly output: Output;
}): Promise<ExitCode> {
  const { session, stream, filter, limit, output } = asked;
  const { total, rows } = await askWorker(session, { verb: 'errors', stream, limit, ...filter });
  if (rows.length > 0) output.text(printTable(columns, rows.map(rowOf), output));
  const whole = rejectsText(total, [stream]);
  output.talk(rows.length < total ? `${countText(rows.length)} of ${whole}` : whole);
  output.document('errors', { stream, total, rows });
  return exitCode.done;
}

const columns = [
  { title: 'record' },
  { title: 'column' },
  { title: 'reason' },
  { title: 'source type' },
  { title: 'column type' },
  { title: 'at (UTC)' },
  { title: 'run' },
] as const;

function rowOf(row: RejectRow): string[] {
  return [
    row.recordId ?? '—',
    row.column ?? '—',
    row.reason,
    row.sourceType ?? '—',
    row.columnType ?? '—',
    instantText(row.createdAt),
    row.run,
  ];
}
