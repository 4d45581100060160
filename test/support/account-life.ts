import { createRandom } from '../../simulators/hubspot/seeded-random.ts';
import type { Portal } from '../../simulators/hubspot/portal.ts';

const everyMs = 80;

/** What the people and programs of an account do all day, by a seed: contacts come, change, merge and go. */
export class AccountLife {
  readonly #portal: Portal;
  readonly #random;
  #timer: NodeJS.Timeout | undefined;
  steps = 0;

  constructor(portal: Portal, seed: number) {
    this.#portal = portal;
    this.#random = createRandom(seed);
  }

  begin(): void {
    this.#timer = setInterval(() => this.#step(), everyMs);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    const seed = this.#random.between(1, 1_000_000_000);
    switch (this.steps++ % 6) {
      case 0:
        this.#portal.create('contacts', { count: 4, place: 'gaps', seed });
        break;
      case 1:
        this.#portal.create('contacts', { count: 2, place: 'end', seed });
        break;
      case 2:
        this.#portal.change('contacts', { count: 40, seed });
        break;
      case 3:
        this.#portal.recalculate('contacts', {
          count: 10,
          seed,
          values: { hs_latest_source_data_1: `recalculated ${seed}` },
        });
        break;
      case 4:
        this.#portal.archive('contacts', { count: 4, seed });
        break;
      default:
        this.#mergeTwo(seed);
    }
  }

  #mergeTwo(seed: number): void {
    // Chosen as any change chooses: two live records by seed.
    const [primary, secondary] = this.#portal.change('contacts', { count: 2, seed });
    this.#portal.merge('contacts', primary!, secondary!);
  }
}
