import type { WorkerDeploymentOptions } from '@temporalio/worker';

/** How a worker takes part in a Worker Deployment: workflows move on at once, but for those that say they are pinned. */
export function asVersion({ name, buildId }: { name: string; buildId: string }): WorkerDeploymentOptions {
  return {
    version: { deploymentName: name, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}
