import { SyncError } from './errors.ts';

/** A stream's address, `pipeline.stream`: what flags, workflow inputs, ids and system tables carry. */
export type StreamName = `${string}.${string}`;

const partPattern = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Splits an address; throws `ConfigInvalid` unless both halves are letters, digits, `_` or `-`, letter first, at most 63 long. */
export function parseStreamName(text: string): { pipeline: string; stream: string } {
  const [pipeline, stream, ...rest] = text.split('.');
  if (!pipeline || !stream || rest.length > 0 || !partPattern.test(pipeline) || !partPattern.test(stream)) {
    throw new SyncError('ConfigInvalid', `"${text}" is not a stream address`, {
      next: 'write it as pipeline.stream, for example crm.contacts',
    });
  }
  return { pipeline, stream };
}

export function streamName(pipeline: string, stream: string): StreamName {
  return `${pipeline}.${stream}`;
}

/** Whether a text may name a pipeline or a stream. */
export function isStreamNamePart(text: string): boolean {
  return partPattern.test(text);
}
