import { countText } from './count-text.ts';

/** `14 rejects of crm.contacts`, or of several streams, of which not each need have any: `14 rejects; 2 streams looked at`. */
export function rejectsText(total: number, streams: readonly string[]): string {
  const rejects = total === 1 ? '1 reject' : `${total === 0 ? 'no' : countText(total)} rejects`;
  return streams.length === 1
    ? `${rejects} of ${streams[0]!}`
    : `${rejects}; ${countText(streams.length)} streams looked at`;
}
