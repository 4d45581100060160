/** Keys of what Temporal keeps, by their ids: the current one encrypts, every one decrypts. */
export interface KeyRing {
  /** Null encrypts nothing; what was encrypted before still opens. */
  readonly current: string | null;
  /** 32 bytes each. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

export const noKeys: KeyRing = { current: null, keys: new Map() };
