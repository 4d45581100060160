import { z } from 'zod';
import { destinationKinds } from '../destinations/registry.ts';
import { sourceKinds } from '../sources/registry.ts';
import { monitoringSections } from './monitoring.ts';
import { fileSchema, pipelineSchema, streamSchema } from './schema.ts';
import { switchJsonSchema } from './switch-word.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const referenceTo = (definition: string): JsonSchema => ({ $ref: `#/definitions/${definition}` });

/**
 * The config as JSON Schema of draft 7, which editors read: what the zod schemas say, put together as the loader does. Where a
 * value has a form, a variable may stand in its place. It knows less than the loader: names that refer to each other,
 * and options that exclude each other, are checked there.
 */
export function configJsonSchema(): JsonSchema {
  // The file's own schema leaves to the worker what only a worker uses.
  const top = draft7(fileSchema.extend(monitoringSections));
  const pipeline = withProperty(draft7(pipelineSchema), 'streams', mapOf(referenceTo('stream')));
  const sections = { sources: 'source', destinations: 'destination', pipelines: 'pipeline' };
  const root = Object.entries(sections).reduce(
    (schema, [section, definition]) => withProperty(schema, section, mapOf(referenceTo(definition))),
    top,
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config of Sluice',
    ...withVariables(root),
    definitions: {
      source: anyKind(sourceKinds),
      destination: anyKind(destinationKinds),
      pipeline: withVariables(pipeline),
      // `contacts:` with nothing behind it takes all defaults.
      stream: { anyOf: [withVariables(draft7(streamSchema)), { type: 'null' }] },
      variable: {
        description: 'A variable of the environment: ${NAME} or ${NAME:-default}',
        type: 'string',
        pattern: String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}`,
      },
    },
  };
}

/** Sections that may be `off` as a whole: their schemas turn that into something else before they look. */
const switchable = ['schedules', ...Object.keys(monitoringSections)];

function draft7(schema: z.ZodObject): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const properties = rest.properties as Record<string, JsonSchema>;
  return switchable
    .filter((name) => Object.hasOwn(properties, name))
    .reduce(
      (known: JsonSchema, name) => withProperty(known, name, { anyOf: [switchJsonSchema(false), properties[name]!] }),
      rest,
    );
}

function anyKind(kinds: Readonly<Record<string, { readonly config: z.ZodObject }>>): JsonSchema {
  return { anyOf: Object.values(kinds).map(({ config }) => withVariables(draft7(config))) };
}

function mapOf(values: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: values };
}

function withProperty(schema: JsonSchema, name: string, property: JsonSchema): JsonSchema {
  const properties = schema['properties'] as Record<string, JsonSchema>;
  const { description } = properties[name] ?? {};
  const described = description === undefined ? property : { description, ...property };
  return { ...schema, properties: { ...properties, [name]: described } };
}

/** What stays beside the alternatives, for an editor to show. */
const annotations: ReadonlySet<string> = new Set(['description', 'default', 'title']);

/** Lets a variable stand wherever not just any text may. A constant names what the section is, and has to be there. */
function withVariables(schema: JsonSchema): JsonSchema {
  if ('const' in schema) return schema;
  if (isScalar(schema)) {
    const shown = Object.entries(schema).filter(([keyword]) => annotations.has(keyword));
    const asked = Object.entries(schema).filter(([keyword]) => !annotations.has(keyword));
    return { ...Object.fromEntries(shown), anyOf: [Object.fromEntries(asked), referenceTo('variable')] };
  }
  const below = Object.entries(schema).map(([keyword, value]) => [keyword, withVariablesBelow(keyword, value)]);
  return Object.fromEntries(below) as JsonSchema;
}

function withVariablesBelow(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return mapValues(value as Record<string, JsonSchema>, withVariables);
    case 'items':
      return withVariables(value as JsonSchema);
    case 'anyOf':
      return (value as JsonSchema[]).map(withVariables);
    default:
      return value;
  }
}

function isScalar({ type, pattern, format, enum: values, anyOf }: JsonSchema): boolean {
  if (type === 'number' || type === 'integer' || type === 'boolean') return true;
  if (Array.isArray(anyOf)) return anyOf.every((one) => (one as JsonSchema)['type'] !== 'object');
  return values !== undefined || (type === 'string' && (pattern !== undefined || format !== undefined));
}

function mapValues<T>(values: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
