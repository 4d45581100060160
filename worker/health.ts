/** Whether one of a worker's parts does what it is there for, and if not why. */
export interface PartHealth {
  readonly ok: boolean;
  readonly text: string;
}

export type HealthParts = Readonly<Record<string, PartHealth>>;

export interface HealthAnswer {
  readonly httpStatus: 200 | 503;
  readonly body: {
    readonly schema: 'sluice.health/1';
    readonly status: 'ok' | 'failing';
    readonly parts: HealthParts;
  };
}

/** The answer to a probe: well if all of its parts are. */
export function healthAnswer(parts: HealthParts): HealthAnswer {
  const isWell = Object.values(parts).every(({ ok }) => ok);
  return {
    httpStatus: isWell ? 200 : 503,
    body: { schema: 'sluice.health/1', status: isWell ? 'ok' : 'failing', parts },
  };
}

export type OwnerState =
  | { readonly kind: 'asking' }
  /** Another process is the owner, and this one takes over when that ends. */
  | { readonly kind: 'standby' }
  | { readonly kind: 'owner' }
  /** Any process may open it. */
  | { readonly kind: 'shared' }
  | { readonly kind: 'failing'; readonly reason: string };

/** A worker that stands by is as ready as the one that owns the destination. */
export function ownerHealth(state: OwnerState): PartHealth {
  switch (state.kind) {
    case 'asking':
      return { ok: false, text: 'has not asked for it yet' };
    case 'standby':
      return { ok: true, text: 'another process owns it; takes over when that ends' };
    case 'owner':
      return { ok: true, text: 'owns it' };
    case 'shared':
      return { ok: true, text: 'needs no owner' };
    case 'failing':
      return { ok: false, text: state.reason };
    default:
      return state satisfies never;
  }
}
