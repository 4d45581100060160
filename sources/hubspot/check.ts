import { LongWait, SyncError } from '../../model/errors.ts';
import { failedFinding, type Finding } from '../../model/finding.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { fixedPath } from './fixed-list.ts';
import type { HubSpotObject, ObjectDirectory } from './object-directory.ts';

/** A check answers within seconds, so it does not sit out an outage as a sync does. */
const maxRetryMs = 3_000;

export interface CheckDeps {
  readonly api: HubSpotApi;
  readonly directory: ObjectDirectory;
  readonly accountPaths: ApiPaths;
  readonly pathsFor: (object: HubSpotObject) => ApiPaths;
  readonly baseUrl: string;
}

/** Asks HubSpot who the token belongs to, then for something of each object, and says in plain words what fails. */
export async function checkAccount(deps: CheckDeps, names: readonly string[], signal: AbortSignal): Promise<Finding[]> {
  const meter = new RequestMeter('interactive');
  const ask = async (path: string): Promise<unknown> =>
    (await deps.api.call({ method: 'GET', path, bucket: 'burst', signal, maxRetryMs }, meter)).json;

  const account = await finding(`HubSpot account at ${new URL(deps.baseUrl).origin}`, async () => {
    const details = (await ask(deps.accountPaths.accountDetails)) as { portalId?: unknown; accountType?: unknown };
    return `the token is valid for portal ${String(details.portalId)} (${String(details.accountType)})`;
  });
  if (account.status === 'failed' && account.kind !== 'config') return [account];

  const perObject = names.map((name) =>
    finding(`HubSpot ${name}`, async () => {
      const object = await deps.directory.find(name, { signal, meter, maxRetryMs });
      await ask(samplePath(deps.pathsFor(object), object));
      return 'readable';
    }),
  );
  const budget = account.status === 'ok' ? [await budgetFinding(deps.api)] : [];
  return [account, ...(await Promise.all(perObject)), ...budget];
}

/** Who spends of the same limit by the same book, and why nobody else does. */
async function budgetFinding(api: HubSpotApi): Promise<Finding> {
  const found = { subject: 'HubSpot request budget', next: null, kind: null } as const;
  const scope = await api.budgetScope();
  return scope.kind === 'shared'
    ? { ...found, status: 'ok', text: `shared with all processes of this machine that use ${scope.path}` }
    : {
        ...found,
        status: 'warning',
        text: `kept by this worker alone: ${scope.reason}`,
        next: 'set budgetDir to a local folder that all workers of this machine may write to',
      };
}

function samplePath(paths: ApiPaths, object: HubSpotObject): string {
  return object.kind === 'crm' ? `${paths.list(object.name)}?limit=1` : fixedPath(paths, object.name);
}

async function finding(subject: string, ask: () => Promise<string>): Promise<Finding> {
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
