import { z } from 'zod';
import type { ColumnType } from '../../model/column.ts';
import type { PropertyDescription } from '../../model/source.ts';
import { parseAnswer } from './parse-answer.ts';

const catalogueSchema = z.object({
  results: z.array(
    z.object({
      name: z.string().min(1),
      label: z.string().optional(),
      type: z.string(),
      fieldType: z.string().optional(),
      calculated: z.boolean().optional(),
      archived: z.boolean().optional(),
    }),
  ),
});

/** The live properties of an object, sorted by name, from the answer of the properties endpoint. */
export function parseCatalogue(json: unknown, object: string): PropertyDescription[] {
  return parseAnswer(catalogueSchema, json, `properties of ${object}`)
    .results.filter((property) => property.archived !== true)
    .map((property) => ({
      name: property.name,
      label: property.label ?? property.name,
      sourceType: property.type,
      type: columnTypeOf(property.type),
      isCalculated: property.calculated ?? false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * HubSpot sends every value as a string; these types convert. All others stay text, enumerations too, since inactive
 * and unlisted options do occur.
 */
export function columnTypeOf(propertyType: string): ColumnType {
  switch (propertyType) {
    case 'number':
      return 'decimal';
    case 'bool':
      return 'boolean';
    case 'date':
      return 'date';
    case 'datetime':
      return 'timestamp';
    default:
      return 'text';
  }
}
