import type { Destination } from '../../model/destination.ts';

/** A destination that keeps the schema `known` under another name: plans, and what it answers, say `known`. */
export function withSchemaRenamed(
  destination: Destination,
  names: { readonly known: string; readonly actual: string },
): Destination {
  const toActual = (value: unknown) => renamed(value, names.known, names.actual);
  const toKnown = (value: unknown) => renamed(value, names.actual, names.known);
  const around = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name === 'stages' && value !== null) return around(value as object);
        if (typeof value !== 'function') return value;
        return async (...words: unknown[]) => toKnown(await Reflect.apply(value, target, words.map(toActual)));
      },
    });
  return around(destination);
}

/** With another value in every `schema` that has this one; what is no plain object or list stays itself. */
function renamed(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, from, to));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === 'schema' && one === from ? to : renamed(one, from, to)]),
  );
}
