import type { NativeConnection } from '@temporalio/worker';
import type { PartHealth } from './health.ts';

const answerWithinMs = 2_000;
/** However often it is probed, the server is asked no more than this often. */
const trustedForMs = 2_000;

/** Asks whether Temporal answers. */
export function temporalProbe(connection: NativeConnection, namespace: string): () => Promise<PartHealth> {
  let last: { atMs: number; answer: Promise<PartHealth> } | null = null;
  return () => {
    const nowMs = Date.now();
    if (last === null || nowMs - last.atMs > trustedForMs) last = { atMs: nowMs, answer: ask(connection, namespace) };
    return last.answer;
  };
}

async function ask(connection: NativeConnection, namespace: string): Promise<PartHealth> {
  try {
    await connection.withDeadline(Date.now() + answerWithinMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return { ok: true, text: `answers for namespace ${namespace}` };
  } catch (error) {
    return { ok: false, text: `does not answer for namespace ${namespace} (${(error as Error).name})` };
  }
}
