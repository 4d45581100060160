import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from '../model/key-ring.ts';
import { payloadCodec } from './payload-codec.ts';

/** What the workflow bundle has to be made with as well, since a workflow's failures are converted in its sandbox. */
export const failureConverterPath = fileURLToPath(
  new URL(`./failure-converter${extname(import.meta.url)}`, import.meta.url),
);

/** The one way in which clients and workers of a config read and write what Temporal keeps. */
export function dataConverterOf(keyRing: KeyRing): DataConverter {
  return {
    payloadCodecs: [payloadCodec(keyRing)],
    ...(encodesFailures(keyRing) ? { failureConverterPath } : {}),
  };
}

export function encodesFailures({ current }: KeyRing): boolean {
  return current !== null;
}
