import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { defineVerb } from '../verb.ts';

export const schemaCommand = (): Command =>
  defineVerb({
    usage: 'schema',
    summary: 'print the JSON Schema of the config, for editors',
    description: 'Print the JSON Schema (draft 7) of the config, by which editors complete and check sluice.yaml.',
    examples: ['sluice schema > .sluice/schema.json', 'sluice schema --json'],
    seeAlso: ['init', 'check'],
    exits: [0],
    run: async ({ output }) => {
      const { configJsonSchema } = await import('../../config/json-schema.ts');
      const jsonSchema = configJsonSchema();
      output.text(`${JSON.stringify(jsonSchema, null, 2)}\n`);
      output.document('schema', { jsonSchema });
      return exitCode.done;
    },
  });
