import { isMapping, type ConfigMapping } from './yaml-document.ts';

/** Puts values in place of the file's, by dotted path. They are taken literally: a `${` in one is not a reference. */
export function overrideValues(root: ConfigMapping, overrides: Readonly<Record<string, string>>): ConfigMapping {
  return Object.entries(overrides).reduce(
    (mapping, [path, value]) =>
      withValue(
        mapping,
        path.split('.'),
        value.replaceAll('${', () => '$${'),
      ),
    root,
  );
}

function withValue(mapping: ConfigMapping, [key = '', ...rest]: readonly string[], value: string): ConfigMapping {
  const inner = mapping[key];
  return { ...mapping, [key]: rest.length === 0 ? value : withValue(isMapping(inner) ? inner : {}, rest, value) };
}
