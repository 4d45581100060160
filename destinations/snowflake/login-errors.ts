import { SyncError, type FailureKind } from '../../model/errors.ts';
import type { ErrorPlace } from './error-place.ts';

type LoginFault =
  | 'accessToken'
  | 'authenticator'
  | 'expiredToken'
  | 'key'
  | 'networkPolicy'
  | 'noNetworkPolicy'
  | 'password'
  | 'role'
  | 'secondFactor'
  | 'token'
  | 'user'
  | 'unknown'
  | 'warehouse';

/**
 * What the server says, whatever the code: Snowflake documents few codes of logins, and gives several to one fault. Matched
 * only, never shown, since some of these texts quote what was sent.
 */
const wordings: readonly (readonly [RegExp, LoginFault])[] = [
  [/is not allowed to access Snowflake/i, 'networkPolicy'],
  [/network policy is required/i, 'noNetworkPolicy'],
  [/\bMFA\b|multi-?factor|\bTOTP\b|\bDuo\b/i, 'secondFactor'],
  [/role .*is not granted to this user/is, 'role'],
  [/user .*(disabled|locked)|password (has expired|must be changed)/is, 'user'],
  [/warehouse does not exist or not authorized/i, 'warehouse'],
];

const faultsByCode: Readonly<Record<string, LoginFault>> = {
  // The driver names these (`gs_errors`).
  '390100': 'password',
  '390195': 'token',
  '390303': 'token',
  '390318': 'expiredToken',
  // docs.snowflake.com: key pair troubleshooting, federated authentication.
  '390139': 'authenticator',
  '390140': 'user',
  '390144': 'key',
  '390192': 'authenticator',
  // Reported by users of other drivers, with these texts.
  '390201': 'warehouse',
  '390432': 'noNetworkPolicy',
  // Unverified; their wordings above come first.
  '390186': 'role',
  '390189': 'role',
  '390422': 'networkPolicy',
  '394400': 'accessToken',
  '394507': 'secondFactor',
  '394508': 'secondFactor',
};

interface FaultText {
  readonly kind: FailureKind;
  readonly text: (place: ErrorPlace) => string;
  readonly next: (place: ErrorPlace) => string;
}

const rejected = (text: string, next: string): FaultText => ({
  kind: 'AuthRejected',
  text: () => text,
  next: () => next,
});

const faultTexts: Readonly<Record<LoginFault, FaultText>> = {
  password: rejected(
    'the user or the password is wrong',
    'correct username and password; `sluice init snowflake` shows how to use a key pair instead',
  ),
  key: rejected(
    'the key is not the one this user has, or the account or the user is another',
    'compare RSA_PUBLIC_KEY_FP of DESC USER with the key, correct account and username, and look at this machine’s clock',
  ),
  token: rejected('the OAuth token is not valid', 'correct the token, and the security integration it comes from'),
  expiredToken: rejected(
    'the OAuth token has expired',
    'write a new token into the file of tokenPath, or use a key pair',
  ),
  accessToken: rejected('the programmatic access token is not valid or has expired', 'make a new one and set pat'),
  authenticator: rejected(
    'the account or the user may not log in that way',
    'use a key pair with a user of TYPE = SERVICE',
  ),
  networkPolicy: rejected(
    'a network policy refuses this machine’s address',
    'let an administrator add this machine’s outgoing address to the network policy of the user or the account',
  ),
  noNetworkPolicy: rejected(
    'a programmatic access token takes a network policy, and the user has none',
    'let an administrator give the user a network policy with this machine’s outgoing address, or use a key pair',
  ),
  secondFactor: rejected(
    'a second factor is asked for, which no service can give',
    'use a key pair with a user of TYPE = SERVICE; `sluice init snowflake` shows how',
  ),
  user: rejected(
    'the user is disabled or locked, or has to change its password',
    'let an administrator look at the user',
  ),
  unknown: rejected('the login is refused', 'let an administrator look for it in LOGIN_HISTORY'),
  role: {
    kind: 'AuthRejected',
    text: ({ role }) => `${role === undefined ? "the user's own role" : `role ${role}`} is not granted to this user`,
    next: ({ role, username }) => `GRANT ROLE ${role ?? '...'} TO USER ${username}, or correct role`,
  },
  warehouse: {
    kind: 'ConfigInvalid',
    text: ({ warehouse }) => `warehouse ${warehouse} does not exist, or the role may not use it`,
    next: ({ warehouse, role }) =>
      `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role ?? '...'}, or correct warehouse`,
  },
};

/** Null for what is no refusal of a login: statements have other codes, and may well quote such words. */
export function ofLogin(code: string, message: string, place: ErrorPlace): SyncError | null {
  if (!/^39\d{4}$/.test(code)) return null;
  const fault = faultOf(code, message);
  const { kind, text, next } = faultTexts[fault];
  const who = `user ${place.username} of Snowflake account ${place.account}`;
  const codeText = fault === 'unknown' ? ` (error ${code})` : '';
  return new SyncError(kind, `${who}: ${text(place)}${codeText}`, { next: next(place) });
}

function faultOf(code: string, message: string): LoginFault {
  const said = wordings.find(([wording]) => wording.test(message))?.[1];
  // 3943xx say what was wrong with the token that a key pair signs.
  return said ?? faultsByCode[code] ?? (/^3943\d\d$/.test(code) ? 'key' : 'unknown');
}
