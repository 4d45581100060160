import { LongWait, SyncError } from '../../model/errors.ts';
import { failedFinding, type Finding } from '../../model/finding.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';

/** A check answers within seconds, so it does not sit out an outage as a sync does. */
const maxRetryMs = 3_000;

/** Asks HubSpot who the token belongs to, then for one record of each object, and says in plain words what fails. */
export async function checkAccount(
  deps: { api: HubSpotApi; paths: ApiPaths; baseUrl: string },
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const probe = (subject: string, path: string, onOk: (json: unknown) => string): Promise<Finding> =>
    probeFinding(subject, async () => {
      const { json } = await deps.api.call(
        { method: 'GET', path, bucket: 'burst', signal, maxRetryMs },
        new RequestMeter(),
      );
      return onOk(json);
    });

  const account = await probe(
    `HubSpot account at ${new URL(deps.baseUrl).origin}`,
    deps.paths.accountDetails,
    (json) => {
      const { portalId, accountType } = json as { portalId?: unknown; accountType?: unknown };
      return `the token is valid for portal ${String(portalId)} (${String(accountType)})`;
    },
  );
  if (account.status === 'failed' && account.kind !== 'config') return [account];

  const perObject = objects.map((object) =>
    probe(`HubSpot ${object}`, `${deps.paths.list(object)}?limit=1`, () => 'readable'),
  );
  return [account, ...(await Promise.all(perObject))];
}

async function probeFinding(subject: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, status: 'ok', text: await ask(), next: null, kind: null };
  } catch (error) {
    if (error instanceof LongWait) {
      return {
        subject,
        status: 'warning',
        text: `${error.wait.reason} until ${error.wait.until}`,
        next: null,
        kind: null,
      };
    }
    if (!(error instanceof SyncError)) throw error;
    return failedFinding(subject, error);
  }
}
