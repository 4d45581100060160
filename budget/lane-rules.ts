/** What a connector knows of one limit of an account. */
export interface LaneRules {
  readonly name: string;
  readonly windowMs: number;
  /** In force until the server names another. */
  readonly limit: number;
  /** Most slots of our own, however much the limit leaves: room kept for others. */
  readonly ownLimit: number;
  /**
   * Answers tell what the window still holds: at first, and again after a refusal, a single request is let through to find out,
   * since another app, or another machine, may have spent it.
   */
  readonly isTold: boolean;
  /** Slots are free sooner by the least round trip seen (`RoundTrips`). */
  readonly hasLead: boolean;
}

/** What an answer's headers say of a window. */
export interface ServerLimit {
  readonly limit: number;
  readonly remaining: number;
}

/** How a request ended. */
export interface RequestEnd {
  readonly isAnswered: boolean;
  readonly server: ServerLimit | null;
  /** Of a request that was served; null for any other. */
  readonly roundTripMs: number | null;
}
