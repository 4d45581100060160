import type { StreamName } from '../model/stream-name.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { TableName } from '../model/stream-table.ts';
import type { ConfigPath, Problem } from './problem.ts';

/**
 * Streams that would write to one table: each would take the other's rows for its own. `databaseOf` gives what two names
 * of one database have in common.
 */
export function findSharedTables(
  streams: readonly StreamSettings[],
  databaseOf: (destination: string) => unknown,
): Problem[] {
  const owners = new Map<string, StreamName>();
  const problems: Problem[] = [];
  const claim = (settings: StreamSettings, table: TableName, problem: (owner: StreamName) => Problem): void => {
    const { destination, stream } = settings;
    const key = JSON.stringify([databaseOf(destination), table.schema.toLowerCase(), table.table.toLowerCase()]);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, stream);
    else problems.push(problem(owner));
  };
  const pathOf = ({ pipeline, stream }: StreamSettings): ConfigPath => {
    return ['pipelines', pipeline, 'streams', stream.slice(pipeline.length + 1)];
  };
  for (const settings of streams) {
    claim(settings, settings.table, (owner) => ({
      path: pathOf(settings),
      text: `writes to the same table of ${settings.destination} as ${owner}; give one of them another table`,
    }));
  }
  for (const settings of streams) {
    for (const { to, table } of settings.associations) {
      claim(settings, table, (owner) => ({
        path: [...pathOf(settings), 'associations'],
        text:
          `those with ${to} go to the same table of ${settings.destination} as ${owner}; give one of the streams a ` +
          'table in another schema, or associations: []',
      }));
    }
  }
  return problems;
}
