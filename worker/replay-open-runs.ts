import type { Client } from '@temporalio/client';
import { Worker, type ReplayWorkerOptions } from '@temporalio/worker';

export interface ReplayedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Why it would be stuck after a deploy, in one line; null where it would go on. */
  readonly problem: string | null;
}

export interface OpenRunsRequest {
  readonly client: Client;
  readonly taskQueue: string;
  /** At most this many, in the order in which the server lists them: the latest first. */
  readonly limit: number;
  /** The workflows to replay with, and how payloads are read. */
  readonly replay: ReplayWorkerOptions;
}

/** Replays the history of every open run of a task queue. It changes nothing, and runs go on meanwhile. */
export async function* replayOpenRuns(request: OpenRunsRequest): AsyncGenerator<ReplayedRun> {
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(request.replay, histories(request))) {
    yield { workflowId, runId, problem: error === undefined ? null : firstLine(error.message) };
  }
}

async function* histories({ client, taskQueue, limit }: OpenRunsRequest) {
  const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  let left = limit;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if (left-- === 0) return;
    yield { workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() };
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
