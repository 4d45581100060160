import { associationTableName, type AssociationTable } from '../model/association.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ConfigPath, Problem } from './problem.ts';
import { isSqlName } from './schema.ts';

/** By object, the objects that a source usually associates it with. */
export type UsualAssociations = Readonly<Record<string, readonly string[]>>;

interface AssociationRequest {
  readonly object: string;
  readonly schema: string;
  /** The objects config names; undefined for the usual ones. */
  readonly named: readonly string[] | undefined;
  readonly usual: UsualAssociations;
  /** Objects of the pipeline's streams: a usual association needs both ends. */
  readonly objects: ReadonlySet<string>;
  /** Of the stream. */
  readonly path: ConfigPath;
}

/** The association tables that a stream writes, in the schema of its own table. */
export function associationTables(request: AssociationRequest): {
  readonly value: readonly AssociationTable[];
  readonly problems: readonly Problem[];
} {
  const { object, schema, named, usual, objects, path } = request;
  const usualHere = Object.hasOwn(usual, object) ? usual[object]! : [];
  const value = (named ?? usualHere.filter((to) => objects.has(to))).map((to) => ({
    to,
    table: { schema, table: associationTableName(object, to) },
  }));
  const problems = value.flatMap(({ table: { table } }, index) =>
    isSqlName(table)
      ? []
      : [
          {
            path: [...path, 'associations', ...(named === undefined ? [] : [index])],
            text: 'the two objects give no name of a table: letters, digits, _, $ or -, at most 63 with assoc_',
          },
        ],
  );
  return { value, problems };
}

/** Tells each stream of a pipeline which tables of the others end at its object, and where its own end. */
export function withEnds(streams: readonly StreamSettings[], stream: StreamSettings): StreamSettings {
  const others = streams.filter((other) => other.stream !== stream.stream);
  const incoming = others.flatMap(({ associations }) => associations.filter(({ to }) => to === stream.object));
  const associations = stream.associations.map((association): AssociationTable => {
    const ends = streams.filter(({ object }) => object === association.to).map(({ table }) => table);
    return ends.length === 0 ? association : { ...association, ends };
  });
  return { ...stream, associations, incomingAssociations: incoming };
}
