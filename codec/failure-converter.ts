import { DefaultFailureConverter } from '@temporalio/common';

/** Moves text and stack of every failure into a payload, which the codec encrypts. Loaded by the SDK, by its name. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
