import type { Answer } from './answers.ts';
import { json } from './answers.ts';
import type { RequestLimits } from './request-limits.ts';

/** `GET {account}/details`. */
export function accountDetails(account: { portalId: number; timeZone: string }): Answer {
  return json(200, {
    portalId: account.portalId,
    accountType: 'STANDARD',
    timeZone: account.timeZone,
    companyCurrency: 'EUR',
    additionalCurrencies: [],
    utcOffset: '+01:00',
    utcOffsetMilliseconds: 3_600_000,
    uiDomain: 'app.hubspot.com',
    dataHostingLocation: 'eu1',
  });
}

/** `GET {account}/api-usage/daily/private-apps`. */
export function dailyUsage(limits: RequestLimits, nowMs: number): Answer {
  return json(200, {
    results: [
      {
        name: 'private-apps-api-calls-daily',
        ...limits.daily(nowMs),
        collectedAt: new Date(nowMs).toISOString(),
        fetchStatus: 'SUCCESS',
      },
    ],
  });
}
