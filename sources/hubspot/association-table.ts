import type { StagedHead, StagedLink } from '../../model/association.ts';
import { SyncError } from '../../model/errors.ts';
import { parseAssociationAnswer, type AssociationPage } from './association-answer.ts';

/** HubSpot's maximum since February 2025. */
export const maxInputs = 1_000;
const maxCallsInFlight = 2;
/** Beyond this many, whoever takes ids has to wait. */
const maxWaitingInputs = 2 * maxInputs;

/** One record to ask about, from its `after` on. */
export interface AssociationInput {
  readonly id: string;
  readonly after?: string;
}

export interface AssociationAnswer {
  readonly json: unknown;
  /** When the request was sent. */
  readonly observedAt: string;
}

export interface AssociationTableDeps {
  /** Names the question in errors. */
  readonly where: string;
  readonly ask: (inputs: readonly AssociationInput[]) => Promise<AssociationAnswer>;
  readonly stage: (read: {
    readonly heads: readonly StagedHead[];
    readonly links: readonly StagedLink[];
  }) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Fills one association table: asks about the ids given to it by as full calls as it can, at most two at a time, and
 * stages what they bring. After a failure it starts no further call.
 */
export class AssociationTableReader {
  readonly #deps: AssociationTableDeps;
  #waiting: AssociationInput[] = [];
  /** When the first page of a record was asked for, by id, while further ones are to come. */
  readonly #observedAt = new Map<string, string>();
  #inFlight = 0;
  #isFlushing = false;
  #hasFailed = false;
  #changed = Promise.withResolvers<void>();

  constructor(deps: AssociationTableDeps) {
    this.#deps = deps;
  }

  get hasRoom(): boolean {
    return this.#waiting.length < maxWaitingInputs;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0;
  }

  /** Settles when a call has ended, or brought more to ask. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#waiting.push({ id });
    this.#isFlushing = false;
    this.#startCalls();
  }

  /** Sends what waits, without waiting for more to fill a call. */
  flush(): void {
    this.#isFlushing = true;
    this.#startCalls();
  }

  #startCalls(): void {
    const fewest = this.#isFlushing ? 1 : maxInputs;
    while (!this.#hasFailed && this.#inFlight < maxCallsInFlight && this.#waiting.length >= fewest) {
      const inputs = this.#waiting.slice(0, maxInputs);
      this.#waiting = this.#waiting.slice(maxInputs);
      this.#inFlight++;
      void this.#call(inputs);
    }
  }

  async #call(inputs: readonly AssociationInput[]): Promise<void> {
    try {
      await this.#read(inputs);
    } catch (error) {
      this.#hasFailed = true;
      this.#deps.onFailure(error);
    } finally {
      this.#inFlight--;
      this.#startCalls();
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }

  async #read(inputs: readonly AssociationInput[]): Promise<void> {
    const { where, ask, stage } = this.#deps;
    const { json, observedAt } = await ask(inputs);
    const pages = parseAssociationAnswer(json, where);
    const heads: StagedHead[] = [];
    const links: StagedLink[] = [];
    const further: AssociationInput[] = [];
    for (const input of inputs) {
      const { id } = input;
      const headObservedAt = this.#observedAt.get(id) ?? observedAt;
      const { associations, after } = pages.get(id) ?? noAssociations;
      for (const { toId, category, typeId, label } of associations) {
        links.push([id, toId, category, typeId, label, observedAt]);
      }
      if (after === null) {
        heads.push([id, headObservedAt]);
        this.#observedAt.delete(id);
      } else if (after === input.after) {
        throw new SyncError('Unavailable', `HubSpot ${where}: the pages of a record lead in a circle`);
      } else {
        this.#observedAt.set(id, headObservedAt);
        further.push({ id, after });
      }
    }
    await stage({ heads, links });
    this.#waiting.push(...further);
  }
}

const noAssociations: AssociationPage = { associations: [], after: null };
