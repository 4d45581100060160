import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import { suggestName } from '../../model/nearest-name.ts';
import { ScopeMissing, type ApiCall, type HubSpotApi, type RequestMeter } from './api.ts';
import { fixedObjects, type FixedObject } from './fixed-object.ts';
import { parseAnswer } from './parse-answer.ts';
import { customObject, standardObjects, type CrmObject } from './objects.ts';

export type HubSpotObject = CrmObject | FixedObject;

const builtInObjects: readonly HubSpotObject[] = [...standardObjects, ...fixedObjects];
const builtIn: ReadonlyMap<string, HubSpotObject> = new Map(builtInObjects.map((object) => [object.name, object]));

const schemasSchema = z.object({
  results: z.array(
    z.object({
      name: z.string().min(1),
      fullyQualifiedName: z.string().optional(),
      objectTypeId: z.string().min(1),
      archived: z.boolean().optional(),
    }),
  ),
});

interface CustomObject {
  readonly name: string;
  readonly fullyQualifiedName: string | undefined;
  readonly objectTypeId: string;
}

/** On whose behalf the account is asked. */
type Ask = Pick<ApiCall, 'signal' | 'maxRetryMs'> & { readonly meter: RequestMeter };

/** How long custom objects are taken to be what they were. */
const keptMs = 10 * 60_000;

/**
 * The objects of one account by name: those of every account without a request, custom objects from their schemas, which
 * are kept for ten minutes and read again at once when a name is not among them.
 */
export class ObjectDirectory {
  readonly #api: HubSpotApi;
  readonly #schemasPath: string;
  #kept: { readonly objects: readonly CustomObject[]; readonly untilMs: number } | null = null;

  constructor(options: { api: HubSpotApi; schemasPath: string }) {
    this.#api = options.api;
    this.#schemasPath = options.schemasPath;
  }

  /**
   * The object of that name; a custom one also by its fully qualified name or type id, and called then as it was asked
   * for. Throws `ConfigInvalid`, with the nearest name there is, for any other.
   */
  async find(name: string, ask: Ask): Promise<HubSpotObject> {
    const known = builtIn.get(name);
    if (known !== undefined) return known;
    try {
      const kept = this.#keptObjects() ?? [];
      const custom = byName(kept, name) ?? byName(await this.#readCustom(ask), name);
      if (custom !== undefined) return customObject(name, custom.objectTypeId);
    } catch (error) {
      if (!(error instanceof ScopeMissing)) throw error;
      throw unknownObject(name, { custom: [], hint: ', or add the scope crm.schemas.custom.read for custom objects' });
    }
    throw unknownObject(name, { custom: this.#keptObjects() ?? [], hint: '' });
  }

  /** The same for an object whose records have associations. */
  async findCrm(name: string, ask: Ask): Promise<CrmObject> {
    const object = await this.find(name, ask);
    if (object.kind === 'crm') return object;
    throw new SyncError('ConfigInvalid', `HubSpot ${name} have no associations`, {
      next: `take ${name} out of associations`,
    });
  }

  /** Raises `ScopeMissing` where the credentials may not see custom objects. */
  async listCustom(ask: Ask): Promise<CrmObject[]> {
    const objects = await this.#readCustom(ask);
    return objects.map(({ name, objectTypeId }) => customObject(name, objectTypeId));
  }

  #keptObjects(): readonly CustomObject[] | null {
    return this.#kept !== null && performance.now() < this.#kept.untilMs ? this.#kept.objects : null;
  }

  async #readCustom({ meter, ...ask }: Ask): Promise<readonly CustomObject[]> {
    const { json } = await this.#api.call({ method: 'GET', path: this.#schemasPath, bucket: 'burst', ...ask }, meter);
    const objects = parseAnswer(schemasSchema, json, 'custom object schemas')
      .results.filter(({ archived }) => archived !== true)
      .map(({ name, fullyQualifiedName, objectTypeId }) => ({ name, fullyQualifiedName, objectTypeId }));
    this.#kept = { objects, untilMs: performance.now() + keptMs };
    return objects;
  }
}

function byName(objects: readonly CustomObject[], name: string): CustomObject | undefined {
  return (
    objects.find((object) => object.name === name) ??
    objects.find((object) => object.fullyQualifiedName === name || object.objectTypeId === name)
  );
}

function unknownObject(name: string, { custom, hint }: { custom: readonly CustomObject[]; hint: string }): SyncError {
  const names = [...builtIn.keys(), ...custom.map((object) => object.name)];
  return new SyncError('ConfigInvalid', `HubSpot has no object "${name}" that Sluice can read`, {
    next: suggestName(name, names) + hint,
  });
}
